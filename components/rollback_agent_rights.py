"""What the rollback agent may do, as the rules of its Role: each with what it is for."""

from typing import Final

from components.settings import Settings
from ops import names, routing
from ops.agent import INBOX, NAME
from ops.backups import record
from ops.body import Body
from ops.color import Color

JOURNAL: Final = "rollback"
NOTES: Final = (JOURNAL, INBOX, names.HOLD, names.HISTORY)
"""The ConfigMaps that it writes."""
READ: Final = (record.NAME, names.SCHEMA, names.UNVERIFIED)


def rules(settings: Settings) -> list[Body]:
    """The Role's rules. Creating can't be limited to a name: there is none yet."""
    scaled, crons = _workloads(settings, "web", "worker"), _workloads(settings, "cron")
    return [
        # Who leads.
        _rule("coordination.k8s.io", ["leases"], ["create"]),
        _rule("coordination.k8s.io", ["leases"], ["get", "patch"], [NAME]),
        # What it was told, what it does, and the hold.
        _rule("", ["configmaps"], ["create"]),
        _rule("", ["configmaps"], ["get", "patch"], NOTES),
        _rule("", ["configmaps"], ["list", "watch"], [INBOX]),
        _rule("", ["configmaps"], ["delete"], [names.HOLD]),
        _rule("", ["configmaps"], ["get"], READ),
        # Whether the other color is ready.
        _rule("", ["pods"], ["get", "list"]),
        _rule("apps", ["deployments"], ["get", "list"]),
        _rule("apps", ["deployments/scale"], ["get", "patch"], scaled),
        # The one route.
        _route(settings),
        # Workers and cron jobs follow the traffic.
        _rule("batch", ["cronjobs", "jobs"], ["get", "list"]),
        *([_rule("batch", ["cronjobs", "cronjobs/status"], ["patch"], crons)] if crons else []),
    ]


def _workloads(settings: Settings, *kinds: str) -> list[str]:
    """The objects of all services of these kinds, in both colors, declared or not."""
    services = [name for name, service in settings.services.items() if service.kind in kinds]
    return [names.workload(service, color) for service in services for color in Color]


def _route(settings: Settings) -> Body:
    verbs = ["get", "patch"]
    if settings.router == "ingress-nginx":
        ingresses = [routing.MAIN_INGRESS, routing.CANARY_INGRESS]
        return _rule("networking.k8s.io", ["ingresses"], verbs, ingresses)
    return _rule("gateway.networking.k8s.io", ["httproutes"], verbs, [routing.PUBLIC_ROUTE])


def _rule(
    group: str, resources: list[str], verbs: list[str], only: tuple[str, ...] | list[str] = ()
) -> Body:
    rule: Body = {"apiGroups": [group], "resources": resources, "verbs": verbs}
    # Without names a rule is for all of them; an empty list would be a difference for ever.
    return rule | ({"resourceNames": list(only)} if only else {})
