"""The process's settings: the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class SettingsError(Exception):
    """The environment lacks something or holds something unusable; the message lists all of it."""


@dataclass(frozen=True)
class Settings:
    """What the environment says; times in seconds, sizes in bytes."""

    color: str
    database_url: str
    redis_url: str
    jwt_secret: str
    # Tokens of these are sessions too: of the secret to come, and of the one before.
    other_jwt_secrets: tuple[str, ...] = ()
    port: int = 8000
    pool_size: int = 5
    max_overflow: int = 10
    # Longer than the idle timeout of any proxy in front (Envoy: 1 hour), so that the proxy is
    # the one that closes and never sends a request into a closing connection.
    keep_alive: int = 3900
    drain: float = 10.0
    shutdown: float = 10.0
    max_upload: int = 10 * 1024 * 1024
    faults_enabled: bool = False
    faults: str = ""
    access_log: bool = False
    pod: str = ""


_REQUIRED = ("DATABASE_URL", "REDIS_URL", "JWT_SECRET")
_OTHER_JWT_SECRETS = ("JWT_SECRET_NEXT", "JWT_SECRET_PREVIOUS")
_NUMBERS = {
    "port": "PORT",
    "pool_size": "SQLALCHEMY_POOL_SIZE",
    "max_overflow": "SQLALCHEMY_MAX_OVERFLOW",
    "keep_alive": "KEEP_ALIVE_SECONDS",
    "drain": "DRAIN_SECONDS",
    "shutdown": "SHUTDOWN_SECONDS",
    "max_upload": "MAX_UPLOAD_BYTES",
}


def read_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `env`. Raises SettingsError naming every variable that is wrong."""
    wrong = [f"{name} is not set" for name in _REQUIRED if not env.get(name)]
    numbers: dict[str, Any] = {}
    for field, name in _NUMBERS.items():
        value = env.get(name)
        if value is None:
            continue
        if value.isdecimal():
            numbers[field] = int(value)
        else:
            wrong.append(f"{name}={value!r} is no whole number of 0 or more")
    if wrong:
        raise SettingsError("; ".join(wrong))
    return Settings(
        color=env.get("DEPLOYMENT_COLOR", "none"),
        database_url=env["DATABASE_URL"],
        redis_url=env["REDIS_URL"],
        jwt_secret=env["JWT_SECRET"],
        other_jwt_secrets=tuple(env[name] for name in _OTHER_JWT_SECRETS if env.get(name)),
        faults_enabled=env.get("FAULTS_ENABLED") == "1",
        faults=env.get("FAULTS", ""),
        access_log=env.get("ACCESS_LOG") == "1",
        # Kubernetes sets it to the pod's name.
        pod=env.get("HOSTNAME", ""),
        **numbers,
    )
