"""The runbook's table "Metrics to Watch": what is now, against what is normal and what alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.vitals import alarms, resources, traffic

if TYPE_CHECKING:
    from ops.alertmanager import Alertmanager
    from ops.metrics import Prometheus
    from ops.vitals.row import Row
    from ops.vitals.subject import Subject


def rows(subject: Subject, prometheus: Prometheus, alertmanager: Alertmanager) -> list[Row]:
    """Everything that is watched. Raises CouldNotFindOut where Prometheus does not answer."""
    live = traffic.live_weights(subject, prometheus)
    weights = subject.weights if live is None else live
    receiving = [color for color, weight in weights.items() if weight]
    return [
        *traffic.told(live),
        *traffic.rows(subject, prometheus, receiving),
        *resources.of_pods(subject, prometheus, receiving),
        *resources.of_stores(subject, prometheus),
        *alarms.rows(subject.stack, subject.namespace, alertmanager),
    ]
