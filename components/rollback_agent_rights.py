"""What the rollback agent may do, as the rules of its Role: each with what it is for."""

from typing import Final

from components.kube import Body
from components.settings import Settings
from ops import names, routing
from ops.agent import INBOX, NAME
from ops.color import Color

JOURNAL: Final = "rollback"
NOTES: Final = (JOURNAL, INBOX, names.HOLD, names.HISTORY, names.UNVERIFIED)
"""The ConfigMaps that it writes."""
READ: Final = ("backups", names.SCHEMA)
LOOK: Final = ("get", "list", "watch")


def rules(settings: Settings) -> list[Body]:
    """The Role's rules. Creating can't be limited to a name: there is none yet."""
    web = [names.workload(each, color) for each in settings.web_services() for color in Color]
    background = settings.background_services()
    workers = [
        names.workload(name, color)
        for name, service in background.items()
        for color in Color
        if service.kind == "worker"
    ]
    crons = [
        names.workload(name, color)
        for name, service in background.items()
        for color in Color
        if service.kind == "cron"
    ]
    return [
        # Who leads.
        _rule("coordination.k8s.io", ["leases"], ["create"]),
        _rule("coordination.k8s.io", ["leases"], ["get", "update", "patch"], [NAME]),
        # What it was told, what it does, and the hold.
        _rule("", ["configmaps"], ["create"]),
        _rule("", ["configmaps"], [*LOOK, "update", "patch"], NOTES),
        _rule("", ["configmaps"], ["delete"], [names.HOLD]),
        _rule("", ["configmaps"], ["get"], READ),
        # Whether the other color is ready.
        _rule("", ["pods"], ["get", "list"]),
        _rule("apps", ["deployments"], ["get", "list"]),
        _rule("apps", ["deployments/scale"], ["get", "update", "patch"], web + workers),
        # The one route.
        _route(settings),
        # Workers and cron jobs follow the traffic.
        _rule("batch", ["cronjobs", "jobs"], ["get", "list"]),
        *([_rule("batch", ["cronjobs", "cronjobs/status"], ["patch"], crons)] if crons else []),
    ]


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
