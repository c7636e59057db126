"""How a stack is watched, for tests: as the program writes it, with changes by keyword."""

from typing import Any

from components.operations import monitoring as written
from ops.monitoring import MonitoringFacts
from tests.unit.configs import loaded


def monitoring(**changes: Any) -> MonitoringFacts:
    """The facts of the default configuration, with files delivered and an agent."""
    data = written(loaded()) | {
        "delivery": "files",
        "exporters": ["kubelet", "kube-state-metrics", "postgres", "disk"],
        "agent": {"enabled": True, "namespace": "legal-ai"},
    }
    return MonitoringFacts.model_validate(data | changes)
