"""The pre-deployment checklist of a version, line by line; what can't be asked is unknown.

Nothing is changed. What a machine can look at in this stack is not asked of people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ops import backups, operations
from ops.checklist import Line
from ops.errors import OpsError
from ops.hold import Hold
from ops.isolation import Isolation
from ops.migrations.migrations import Migrations
from ops.preflight import code, documents, images, migrating, people, staging, system
from ops.preflight.git_host import GitHost
from ops.preflight.line import line
from ops.preflight.names import DIGESTS, STAGING
from ops.rollback.connecting import connect
from ops.shift.connecting import prometheus

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.color import Color
    from ops.metrics import Prometheus
    from ops.operations import Operations
    from ops.rollback.facts import Facts
    from ops.stack import Stack

CHANGELOG: Final = "CHANGELOG.md"
CODE: Final = (
    "no Git host is configured that could say what CI and reviewers said of this version: `pulumi "
    "config set --path legal-ai:release.repository OWNER/NAME && pulumi up`; or look at tests, "
    "coverage, lint, types, audits and approvals yourself, then --accept code=REASON"
)
EXAMPLE: Final = "environment-example"
"""An item of people that a machine can look at where it is told how, as STAGING is."""


@dataclass(frozen=True)
class Subject:
    """The version that is looked at, and the color it is for.

    `checklist` is what people ticked; `staging` another stack than the configured one, and
    `prometheus` another URL. `say` gets lines of progress.
    """

    stack: Stack
    cluster: Cluster
    version: str
    color: Color
    checklist: Path
    say: Callable[[str], None]
    staging: str = ""
    prometheus: str | None = None


def look(subject: Subject) -> list[Line]:
    """All lines. Raises UsageError for a file of ticks that is none, before anything is asked."""
    stack, cluster, version = subject.stack, subject.cluster, subject.version
    ticks = people.judge(subject.checklist, version)
    facts = operations.read(stack)
    staged = subject.staging or facts.release.staging_stack

    def measured() -> Prometheus:
        return prometheus(facts.watched(), subject.prometheus)

    def fresh() -> str:
        engine = backups.connect(facts, stack.short_name)
        return system.backups_are_fresh(engine, facts.backups, cluster.server_now())

    def drift() -> str:
        stack.require_no_drift()
        return "configuration is what is live"

    def linted() -> str:
        migrations = Migrations(stack, facts, cluster, subject.say)
        same = partial(_migrates, subject, facts, staged)
        return migrating.is_linted(migrations, subject.color, version, same)

    looks: dict[str, Callable[[], str]] = {
        "hold": lambda: system.nothing_is_held(Hold.read(cluster)),
        "isolation": lambda: system.public_gets_in(Isolation.read(cluster)),
        "way-back": lambda: system.there_is_a_way_back(_facts(subject, facts)),
        "backups": fresh,
        "disk": lambda: system.disk_is_free(measured(), facts.namespace),
        "rules": lambda: system.rules_are_loaded(measured(), facts.namespace),
        "dashboards": lambda: system.dashboards_are_there(cluster),
        "on-call": lambda: system.somebody_is_on_call(facts.notifications, facts.environment),
        "drift": drift,
        "migrations": linted,
        "changelog": lambda: documents.changelog_has(stack.folder / CHANGELOG, version),
    }
    if example := facts.release.environment_example:
        file = stack.folder / example
        looks[EXAMPLE] = lambda: documents.example_covers(file, facts.release.variables)
    if staged:
        looks[STAGING] = lambda: _passed(subject, staged)
    lines = _code(facts, version)
    for name, ask in looks.items():
        subject.say(f"looking at {name}")
        lines.append(line(name, ask))
    is_last = facts.environment == "production"
    unasked = {*looks, *(() if is_last else people.AFTER_STAGING)}
    return [*lines, *(tick for tick in ticks if tick.name not in unasked)]


def deployed(stack: Stack, cluster: Cluster, color: Color, version: str) -> list[Line]:
    """Whether what runs are the images that passed staging; no line where no staging is known."""
    facts = operations.read(stack)
    name = facts.release.staging_stack
    if not name:
        return []

    def same() -> str:
        here = images.require_running(cluster, color, version)
        return staging.compare(staging.passed(name, stack.folder, version), here, version)

    return [line(DIGESTS, same)]


def _code(facts: Operations, version: str) -> list[Line]:
    told = facts.release
    if not told.repository:
        return [Line("code", "unknown", CODE)]
    try:
        host = GitHost(told.git_host, told.repository, told.token.get_secret_value())
        commit = host.commit(version)
    except OpsError as error:
        return [Line("code", "unknown", str(error))]
    return code.look(host, commit, told.checks)


def _passed(subject: Subject, name: str) -> str:
    found = staging.passed(name, subject.stack.folder, subject.version)
    here = images.running(subject.cluster, subject.color, subject.version)
    if here is None:
        return f"{found}; digests are compared once {subject.color} runs it"
    return staging.compare(found, here, subject.version)


def _migrates(subject: Subject, facts: Operations, name: str, digest: str) -> str:
    """Of the image that is to migrate; where staging can't say, its own line tells that."""
    if not name:
        return ""
    try:
        found = staging.passed(name, subject.stack.folder, subject.version)
    except OpsError:
        return f"; not compared with {name}"
    return staging.compare_one(found, facts.migrations.service, digest, subject.version)


def _facts(subject: Subject, facts: Operations) -> Facts:
    return connect(subject.cluster, facts.router, subject.say).facts()
