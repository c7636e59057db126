"""The provider's own configuration: `aws:` keys, else the environment variables that AWS reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.plugins.problems import RefusedError
from local.plugins.values import Properties

KEY = "aws:config:"
_WITHOUT_EFFECT = {
    "maxRetries",
    "pluginDownloadURL",
    "retryMode",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "version",
}
"""Settings that matter only where there are credentials to find, or a network in between."""
_KNOWN = {"region", "accessKey", "secretKey", "profile", "defaultTags", *_WITHOUT_EFFECT}


@dataclass(frozen=True)
class Settings:
    """What the `aws:` configuration says."""

    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    default_tags: Properties = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read(variables: Mapping[str, str]) -> Settings:
    """From the variables of a Configure request. Raises RefusedError."""
    given = {key.removeprefix(KEY): _decoded(value) for key, value in variables.items()}
    unknown = sorted(key for key in given if key not in _KNOWN)
    if unknown:
        raise RefusedError(
            f"aws:{unknown[0]} is not done by the local stand-in of the AWS provider, which knows"
            f" {', '.join(sorted(_KNOWN - _WITHOUT_EFFECT))} (docs/stand-ins.md)"
        )
    warnings: tuple[str, ...] = ()
    if given.get("profile"):
        warnings = (
            f"aws:profile {given['profile']} is not used: the local stand-in of the AWS provider"
            " talks to the AWS API of this machine, which asks for no credentials",
        )
    return Settings(
        region=str(given.get("region") or environment_region()),
        access_key=str(given.get("accessKey") or ""),
        secret_key=str(given.get("secretKey") or ""),
        default_tags=_default_tags(given.get("defaultTags")),
        warnings=warnings,
    )


def environment_region() -> str:
    """The region that the environment names; empty when it names none."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def _default_tags(value: Any) -> Properties:
    if not value:
        return {}
    tags = value.get("tags") if isinstance(value, dict) else None
    if not isinstance(tags, dict) or set(value) != {"tags"}:
        raise RefusedError(f'aws:defaultTags must be an object with "tags", not {value}')
    return {str(key): str(item) for key, item in tags.items()}


def _decoded(value: str) -> Any:
    """Values may come JSON-encoded: `"us-east-1"` with its quotes, tags as an object."""
    if value[:1] in ('"', "{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
