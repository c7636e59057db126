"""The checklist of a release: what stack, cluster, backups and monitoring say, and what people say.

A line that nobody can look at is unknown, and blocks until somebody accepts it with a reason.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ops import backups, live, operations, routing_moves
from ops.checklist import Line
from ops.errors import CouldNotFindOut
from ops.hold import Hold
from ops.preflight import documents, people, system
from ops.preflight.line import line
from ops.rollback.run import Rollback
from ops.shift.connecting import RUN, prometheus
from ops.shift.emergency import READY_SECONDS

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.metrics import Prometheus
    from ops.operations import Operations
    from ops.release.entry import Release
    from ops.release.tools import Say
    from ops.rollback.facts import Facts
    from ops.stack import Stack

CHANGELOG: Final = "CHANGELOG.md"
CODE: Final = (
    "no Git host is configured that could say what CI and reviewers said of this version: look at "
    "tests, coverage, lint, types, audits and approvals yourself, then --accept code=REASON"
)


def look(stack: Stack, cluster: Cluster, release: Release, say: Say, url: str | None) -> list[Line]:
    """All lines; one that could not be looked at is unknown. `url`: another Prometheus."""
    facts = operations.read(stack)
    changelog = stack.folder / CHANGELOG
    checklist = Path(release.options.checklist or f"releases/{release.version}.yaml")

    def measured() -> Prometheus:
        return prometheus(facts.watched(), url)

    def fresh() -> str:
        engine = backups.connect(facts, stack.short_name)
        return system.backups_are_fresh(engine, facts.backups, datetime.now(UTC))

    def drift() -> str:
        stack.require_no_drift()
        return "configuration is what is live"

    return [
        Line("code", "unknown", CODE),
        line("hold", lambda: system.nothing_is_held(Hold.read(cluster))),
        line("way-back", lambda: system.there_is_a_way_back(_facts(cluster, facts, say))),
        line("backups", fresh),
        line("disk", lambda: system.disk_is_free(measured(), facts.namespace)),
        line("rules", lambda: system.rules_are_loaded(measured(), facts.namespace)),
        line("dashboards", lambda: system.dashboards_are_there(cluster)),
        line("on-call", lambda: system.somebody_is_on_call(facts.notifications)),
        line("drift", drift),
        line("changelog", lambda: documents.changelog_has(changelog, release.version)),
        *people.judge(checklist, release.version),
    ]


def _facts(cluster: Cluster, facts: Operations, say: Say) -> Facts:
    route = live.route(cluster, facts.router)
    if route is None:
        raise CouldNotFindOut("there is no public route")
    services = routing_moves.services(route)
    return Rollback(cluster, facts.router, services, say, READY_SECONDS, runner=RUN).facts()
