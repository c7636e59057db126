"""What else is failing right now: it decides whether going to the other color can help at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.rollback.facts import Evidence

if TYPE_CHECKING:
    from agent.inbox import Entry
    from ops.metrics import Alert, Prometheus

log: Final = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 0.5
"""For Prometheus to say what fires. It may be down; a way back waits no longer than this."""


def gather(
    prometheus: Prometheus | None, entries: list[Entry], stack: str, namespace: str
) -> Evidence:
    """What Prometheus says, and where that does not answer, what webhooks have said.

    Prometheus down is no reason to leave traffic on a color that fails: only what both colors
    share can't be seen then.
    """
    accused = frozenset(entry.color for entry in entries)
    if prometheus is None:
        return Evidence(failing=accused)
    try:
        alerts = prometheus.alerts()
    except CouldNotFindOut as error:
        log.warning("going on without Prometheus: %s", error)
        return Evidence(failing=accused)
    ours = {"stack": stack, "namespace": namespace}
    firing = [a for a in alerts if a.state == "firing" and ours.items() <= a.labels.items()]
    failing = {Color(a.labels["color"]) for a in firing if _asks_for_rollback(a)}
    shared = {a.name for a in firing if _is_shared(a)}
    return Evidence(failing=accused | failing, shared=sorted(shared))


def _asks_for_rollback(alert: Alert) -> bool:
    return alert.labels.get("action") == "rollback" and alert.labels.get("color") in set(Color)


def _is_shared(alert: Alert) -> bool:
    return alert.labels.get("scope") == "shared"
