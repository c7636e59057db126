"""A JSON object as others define it: Kubernetes', Grafana's, Alertmanager's."""

from typing import Any

Body = dict[str, Any]
