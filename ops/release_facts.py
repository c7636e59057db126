"""What a release is checked by beyond the cluster, as it was deployed."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

_NONE: Final = SecretStr("")


class _Facts(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class SentryFacts(_Facts):
    """The project that the application reports its errors to."""

    url: str
    organization: str
    project: str
    token: SecretStr = _NONE


class ReleaseFacts(_Facts):
    """What is empty is not configured.

    `checks` are CI's by gate, `variables` those that the services are given, `environment_example`
    a path from the project's folder.
    """

    repository: str = ""
    git_host: str = ""
    token: SecretStr = _NONE
    checks: dict[str, tuple[str, ...]] = {}
    environment_example: str = ""
    variables: tuple[str, ...] = ()
    staging_stack: str = ""
    sentry: SentryFacts | None = None
