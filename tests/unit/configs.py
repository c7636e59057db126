"""Configurations as the engine hands them over: a sound one, and changes to it by path."""

import copy
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from components.settings import Settings, SettingsError, load

GONE: Final = object()
"""As a value: the key is not there."""

DATABASE_URL: Final = "postgresql+psycopg://legal_ai:database-password@10.0.0.1:15432/legal_ai"
REDIS_URL: Final = "redis://:redis-password@10.0.0.1:16379/0"
JWT_SECRET: Final = "jwt-secret-0123456789-0123456789-0123456789"
SMOKE_PASSWORD: Final = "smoke-password"
AGENT_TOKEN: Final = "agent-token-0123456789"
ENCRYPTED: Final = ("agent", "database", "redis", "secrets", "notifications")

SOUND: Final[Mapping[str, Any]] = {
    "activeColor": "blue",
    "canaryWeight": "0",
    "blue": {"version": "v1.0.0", "replicas": 2},
    "green": {"version": "v1.1.0", "replicas": 2},
    "hosts": {
        "public": "legal-ai.test",
        "preview": "{color}.legal-ai.test",
        "scheme": "http",
        "port": 8080,
    },
    "database": {"kind": "external", "url": DATABASE_URL},
    "redis": {"url": REDIS_URL},
    "secrets": {"JWT_SECRET": JWT_SECRET, "SMOKE_PASSWORD": SMOKE_PASSWORD},
    "agent": {"enabled": False},
    "alerts": {"delivery": "none"},
}

WATCHED: Final[Mapping[str, Any]] = {
    "agent": {"image": "registry.test/legal-ai-agent:v1", "token": AGENT_TOKEN},
    "alerts": {"delivery": "operator"},
}
"""A stack with alerts and the agent that acts on them; as `base`."""

PLACE: Final[Mapping[str, Any]] = {
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "clusterSecurityGroupIds": ["sg-0123456789abcdef0"],
}
"""Where an instance stands, which staging and production have to say."""

PRODUCTION: Final[Mapping[str, Any]] = {
    "hosts": {"public": "legal-ai.test", "preview": "{color}.legal-ai.test"},
    "database": {"kind": "rds", **PLACE},
}
"""What a production stack has other than `SOUND`."""


def configured(
    changes: Mapping[str, Any] | None = None, base: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """A sound configuration with changes by path (`blue.version`), as the engine gives it."""
    config = copy.deepcopy({**SOUND, **(base or {})})
    for path, value in (changes or {}).items():
        _change(config, path.split("."), value)
    return {
        f"legal-ai:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
    }


def loaded(
    changes: Mapping[str, Any] | None = None,
    *,
    stack: str = "local",
    base: Mapping[str, Any] | None = None,
    other: Mapping[str, str] | None = None,
    encrypted: Collection[str] = ENCRYPTED,
    stack_file: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of a sound configuration with changes; `other` are other namespaces' keys."""
    base = {**(PRODUCTION if stack == "production" else {}), **(base or {})}
    return load(
        stack,
        {**configured(changes, base), **(other or {})},
        {f"legal-ai:{key}" for key in encrypted},
        stack_file,
    )


def refused(changes: Mapping[str, Any] | None = None, **how: Any) -> SettingsError:
    """The refusal of a configuration; fails where it is taken."""
    try:
        settings = loaded(changes, **how)
    except SettingsError as error:
        return error
    raise AssertionError(f"taken, and should have been refused: {changes} gave {settings}")


def _change(config: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        config = config.setdefault(name, {})
    if value is GONE:
        config.pop(path[-1], None)
    else:
        config[path[-1]] = value
