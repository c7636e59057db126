"""The checklist's "Infrastructure Readiness": what stack, cluster, backups and monitoring say.

Each function returns what it saw, or raises: Refused where it is bad, CouldNotFindOut else.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from ops import background, dashboards, names, verdict
from ops.alerts import series
from ops.alerts.names import ROLLBACK_ALERTS, Alert
from ops.backups import freshness
from ops.errors import CouldNotFindOut, Refused
from ops.isolation import REOPEN
from ops.notify import reaching

if TYPE_CHECKING:
    from ops.backups.engine import Engine
    from ops.cluster import Cluster
    from ops.hold import Hold
    from ops.isolation import Isolation
    from ops.metrics import Prometheus
    from ops.notify.model import NotificationFacts
    from ops.operations import BackupFacts
    from ops.rollback.facts import Facts

DISK_FREE_PERCENT: Final = 20.0
BACKGROUND: Final = "workers and cron jobs"


def nothing_is_held(hold: Hold | None) -> str:
    """A hold means that somebody took traffic back and nobody has acknowledged it yet."""
    if hold is None:
        return "no color is held"
    raise Refused(f"{hold}. `{names.ACKNOWLEDGE}` settles it")


def public_gets_in(isolation: Isolation | None) -> str:
    """An isolation means that somebody shut the public out, over an incident that is not over."""
    if isolation is None:
        return "nobody shut the public out"
    raise Refused(f"{isolation}. `{REOPEN}` ends it")


def there_is_a_way_back(facts: Facts) -> str:
    """The color in traffic is what a rollback would come back to: proven, and ready now."""
    active = facts.live.active
    if active is None:
        raise CouldNotFindOut("the live route does not say which color is active")
    was = facts.history.whole.get(active)
    if was is None:
        raise Refused(
            f"{active} was never seen serving all traffic, so no rollback would go back to it: "
            f"give it 100 % first (`scripts/switch_deployment_color.py {active}`)"
        )
    now = facts.colors[active]
    state = verdict.ColorState(
        wanted={names.workload(service, active): image for service, image in was.images.items()},
        workloads={names.workload(service, active): w for service, w in now.workloads.items()},
        schema=now.fit,
    )
    findings = verdict.judge_color(active, state)
    if findings:
        raise Refused("; ".join(str(finding) for finding in findings))
    return f"{active} is ready, as it served all traffic since {was.at}"


def backups_are_fresh(engine: Engine, facts: BackupFacts, now: datetime) -> str:
    """A restore point, and a proof by a restore, that are young enough."""
    found = freshness.problems(engine.backups(), engine.window(), facts, now)
    if found:
        raise Refused("; ".join(found))
    return "a fresh restore point, and a fresh proof"


def disk_is_free(prometheus: Prometheus, namespace: str) -> str:
    """More than 20 % of the database's storage. Raises NoData where nobody measures it."""
    percent = prometheus.value(series.query(series.DISK_FREE_PERCENT, namespace))
    if percent <= DISK_FREE_PERCENT:
        raise Refused(
            f"{percent:.0f} % of the database's storage is free, more than {DISK_FREE_PERCENT:g} % "
            "is needed: `pulumi config set --path database.allocatedStorage MORE && pulumi up`"
        )
    return f"{percent:.0f} % of the database's storage is free"


def rules_are_loaded(prometheus: Prometheus, namespace: str) -> str:
    """The stack's alerts that roll back are loaded, all can be judged, and they are fed."""
    loaded = [
        rule for rule in prometheus.alert_rules() if rule.labels.get("namespace") == namespace
    ]
    wanted = {str(name) for name in (*ROLLBACK_ALERTS, Alert.NO_DATA)}
    if missing := sorted(wanted - {rule.name for rule in loaded}):
        raise Refused(
            f"Prometheus has no alert {', '.join(missing)} for {namespace}: `pulumi up` makes the "
            "rules; its page /rules shows those that it loaded"
        )
    if broken := [f"{rule.name} ({rule.problem})" for rule in loaded if rule.problem]:
        raise Refused(f"Prometheus can't judge {', '.join(broken)}: see its page /rules")
    samples = prometheus.vector(series.query(series.ROUTE_WEIGHT, namespace))
    if not samples:
        raise Refused(
            f"Prometheus records nothing for {namespace}: the agent is not scraped. See its page "
            "/targets"
        )
    return f"{len(loaded)} alerts are loaded; the weights of {len(samples)} colors are recorded"


def dashboards_are_there(cluster: Cluster) -> str:
    """The dashboards that the program makes."""
    found = [
        body["metadata"]["name"] for body in cluster.list("ConfigMap", {dashboards.LABEL: "1"})
    ]
    if not found:
        raise Refused("there is no dashboard in the namespace: `pulumi up` makes them")
    return ", ".join(sorted(found))


def background_is_in_one_color(cluster: Cluster) -> str:
    """Workers and cron jobs run in exactly one color."""
    findings = background.judge(background.running(cluster), is_wanted=background.wanted(cluster))
    if findings:
        raise Refused("; ".join(str(finding) for finding in findings))
    return "in one color"


def somebody_is_on_call(facts: NotificationFacts, environment: str) -> str:
    """Whom messages name, and a channel by which it reaches them.

    Raises Refused where one is missing in production; elsewhere nobody has to be woken.
    """
    channels = reaching(facts)
    if environment != "production" and not (facts.on_call and channels):
        return f"{environment} wakes nobody, and need not"
    if not facts.on_call:
        raise Refused(
            "nobody is named: `pulumi config set --path legal-ai:notifications.onCall NAME && "
            "pulumi up`"
        )
    if not channels:
        raise Refused(
            f"{facts.on_call} is named, and no channel reaches anybody: `pulumi config set --path "
            "--secret legal-ai:notifications.pagerDutyKey && pulumi up`, or another one of "
            "docs/notifications.md"
        )
    return f"{facts.on_call}, by {', '.join(channels)}"
