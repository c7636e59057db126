"""All rules of a stack as one document, which Prometheus reads from a file or a PrometheusRule."""

from collections.abc import Iterable
from typing import Any

from ops.alerts import data, recorded, resources, rollback, traffic, watchers
from ops.alerts.rule import Record, Rule
from ops.alerts.watched import Watched


def document(watched: Watched) -> dict[str, Any]:
    """The groups of rules: within one they are judged in order, and none needs another's."""
    groups: dict[str, list[Record | Rule]] = {
        "traffic": [
            *recorded.traffic(watched),
            *rollback.rules(watched),
            *traffic.rules(watched),
            *watchers.unknown(watched),
        ],
        "watching": [*watchers.rules(watched)],
        "resources": [*recorded.resources(watched), *resources.rules(watched)],
        "data": [*recorded.data(watched), *data.rules(watched)],
    }
    return {"groups": [_group(name, rules, watched) for name, rules in groups.items() if rules]}


def _group(name: str, rules: Iterable[Record | Rule], watched: Watched) -> dict[str, Any]:
    return {
        "name": f"legal-ai-{watched.stack}-{name}",
        "interval": f"{watched.evaluation_seconds:g}s",
        "rules": [rule.body(watched) for rule in rules],
    }
