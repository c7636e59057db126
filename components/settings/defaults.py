"""What applies where a stack says nothing: one table for all stacks, one per environment.

Pulumi replaces an object's default by the stack's object, so objects are merged here.
"""

from collections.abc import Mapping
from typing import Any, Final

from components.settings.watching import AlertsSettings

SERVICES: Final[Mapping[str, Any]] = {
    "backend": {
        "image": "legal-ai-backend",
        "port": 8000,
        "paths": ["/api", "/health"],
        "healthPath": "/health",
        "readyPath": "/ready",
        "secrets": True,
        "resources": {
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"memory": "1Gi"},
        },
    },
    "frontend": {
        "image": "legal-ai-frontend",
        "port": 3000,
        "paths": ["/"],
        "healthPath": "/",
        "readyPath": "/",
        "secrets": False,
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        },
        "terminationGraceSeconds": 30,
    },
}
"""The services of the runbook."""

_ANY: Final[Mapping[str, Any]] = {
    "blue": {},
    "green": {},
    "services": SERVICES,
    "hosts": {},
    "database": {"kind": "rds"},
    "redis": {},
    "secrets": {},
    "alerts": AlertsSettings().model_dump(by_alias=True),
}

_RDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "local": {"deletionProtection": False},
    "staging": {},
    "production": {
        "instanceClass": "db.r6g.large",
        "allocatedStorage": 200,
        "maxAllocatedStorage": 1000,
        "multiAz": True,
        "replica": True,
    },
}

_BY_ENVIRONMENT: Final[Mapping[str, Mapping[str, Any]]] = {
    "local": {"backups": {"retentionDays": 7}},
    "staging": {},
    "production": {
        "backups": {
            "schedule": "hourly",
            "retentionDays": 35,
            "pointInTime": True,
            "maxAgeMinutes": 60,
        },
    },
}


def with_defaults(raw: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """The stack's configuration laid over the defaults of its environment."""
    merged = _merge(_ANY, _BY_ENVIRONMENT.get(environment, {}))
    given = raw.get("database", {})
    if isinstance(given, dict) and given.get("kind", "rds") == "rds":
        merged = _merge(merged, {"database": _RDS.get(environment, {})})
    return _merge(merged, raw)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Objects key by key, anything else replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(under, value) if both and under is not None else value
    return merged
