"""A recorded series and an alert, and how Prometheus writes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ops.alerts.names import ROLLBACK, Alert
from ops.alerts.watched import Watched
from ops.body import Body


@dataclass(frozen=True)
class Record:
    """A series, computed at each evaluation; `labels` beside the namespace's are added to it."""

    series: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def body(self, watched: Watched) -> Body:
        """The rule as Prometheus reads it."""
        labels = {"namespace": watched.namespace, **self.labels}
        return {"record": self.series, "expr": self.expr, "labels": labels}


@dataclass(frozen=True)
class Rule:
    """An alert. It fires once `expr` has had a value for `lasting` (a duration of PromQL).

    `summary` is one line, `description` says what it means and what to do first; both may use
    `{{ $labels.color }}` and `{{ $value }}`. `rolls_back`: the agent acts on it. `labels` are
    added to those of the expression.
    """

    name: Alert
    expr: str
    lasting: str
    severity: Literal["warning", "critical"]
    summary: str
    description: str
    rolls_back: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    def body(self, watched: Watched) -> Body:
        """The rule as Prometheus reads it."""
        labels = {
            "stack": watched.stack,
            "namespace": watched.namespace,
            "severity": self.severity,
            **({"action": ROLLBACK} if self.rolls_back else {}),
            **self.labels,
        }
        annotations = {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{watched.runbook_url}#{self.name.lower()}",
        }
        return {
            "alert": str(self.name),
            "expr": self.expr,
            "for": self.lasting,
            "labels": labels,
            "annotations": annotations,
        }
