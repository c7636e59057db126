"""What fires, and what keeps the agent from hearing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import CouldNotFindOut
from ops.silences import Silence, may_touch
from ops.vitals.row import BOTH, NO_DATA, Row

if TYPE_CHECKING:
    from ops.alertmanager import Alertmanager, FiringAlert


def rows(stack: str, namespace: str, alertmanager: Alertmanager) -> list[Row]:
    """Each alert that fires, and each silence that the agent's alerts may fall under.

    `stack` is its short name.
    """
    try:
        alerts = alertmanager.alerts(namespace)
        silences = alertmanager.silences()
    except CouldNotFindOut as error:
        return [Row("Alerts", BOTH, NO_DATA, "none", "any", "unknown", str(error))]
    found = [_firing(each) for each in alerts if each.labels.get("stack") == stack]
    found += [
        _deaf(each)
        for each in silences
        if each.stands and each.covers_rollback and may_touch(each, stack, namespace)
    ]
    return found or [Row("Alerts", BOTH, "none fires", "none", "any", "good")]


def _firing(alert: FiringAlert) -> Row:
    return Row(
        alert.name,
        alert.labels.get("color", BOTH),
        "fires, silenced" if alert.silenced_by else "fires",
        "none",
        "any",
        "not judged" if alert.silenced_by else "bad",
        alert.annotations.get("summary", ""),
    )


def _deaf(silence: Silence) -> Row:
    why = (
        "it may cover the alerts that the agent rolls back by: `scripts/silence_alerts.py expire "
        f"{silence.id}` ({silence.by}: {silence.comment})"
    )
    return Row("Silence", BOTH, silence.state, "none", "any", "bad", why)
