"""Alertmanager's webhook, version 4: read from bytes, and refused where it isn't for us. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ops import invalid
from ops.color import Color
from ops.errors import Refused

MAX_BYTES: Final = 256 * 1024
"""Of a webhook's body; Alertmanager sends about 1 KiB for each alert of a group."""
MAX_ALERTS: Final = 200


class Verdict(StrEnum):
    """What became of a webhook, or of one alert in it; the label of the counter."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    RESOLVED = "resolved"
    STALE = "stale"
    TRUNCATED = "truncated"
    UNAUTHORIZED = "unauthorized"
    OVERSIZED = "oversized"
    GARBAGE = "garbage"
    FOREIGN = "foreign"
    UNSAVED = "unsaved"


class WebhookRefused(Refused):
    """Not a webhook that the agent takes; nothing was kept of it."""

    def __init__(self, verdict: Verdict, status: int, reason: str) -> None:
        super().__init__(reason)
        self.verdict, self.status = verdict, status


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Alert(_Part):
    """One alert of a webhook. `fingerprint` tells alerts apart, `starts_at` an alert's times."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{1,64}$")]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "")

    @property
    def is_rollback(self) -> bool:
        """Whether the agent is to act on it; all other alerts are for people."""
        return self.labels.get("action") == "rollback"

    @property
    def color(self) -> Color:
        """The color that it accuses."""
        return Color(self.labels["color"])

    @property
    def summary(self) -> str:
        """What it says in a sentence."""
        return self.annotations.get("summary") or self.name


class Webhook(_Part):
    """One notification. `truncated_alerts` is how many more there were than it carries."""

    version: Literal["4"]
    alerts: Annotated[tuple[Alert, ...], Field(min_length=1, max_length=MAX_ALERTS)]
    truncated_alerts: Annotated[int, Field(ge=0)] = 0


def check_token(header: str | None, token: str) -> None:
    """Refuse who does not know the token. Takes the same time for every wrong one."""
    wanted = f"Bearer {token}".encode()
    if header is None or not hmac.compare_digest(header.encode(), wanted):
        raise WebhookRefused(
            Verdict.UNAUTHORIZED,
            401,
            "the bearer token is wrong or missing: Alertmanager's receiver and the agent's Secret "
            "must have the same legal-ai:agent.token",
        )


def check_size(size: int) -> None:
    """Refuse a body of more than `MAX_BYTES`."""
    if size > MAX_BYTES:
        raise WebhookRefused(
            Verdict.OVERSIZED, 413, f"the body is larger than {MAX_BYTES} bytes: nothing was read"
        )


def read(body: bytes) -> Webhook:
    """The webhook in a body. Refuses what isn't one, and says what is wrong with it."""
    try:
        return Webhook.model_validate_json(body)
    except ValidationError as error:
        wrong = invalid.told(error, "the body", most=5)
        raise WebhookRefused(
            Verdict.GARBAGE, 400, f"this is no Alertmanager webhook v4: {wrong}"
        ) from error


def check_ours(webhook: Webhook, stack: str, namespace: str) -> list[Alert]:
    """The alerts to act on. Refuses the whole webhook if any alert is another stack's."""
    ours = {"stack": stack, "namespace": namespace}
    for alert in webhook.alerts:
        if _only(alert.labels, ours) != ours:
            raise WebhookRefused(
                Verdict.FOREIGN,
                403,
                f"{alert.name or 'an alert'} is about {_only(alert.labels, ours) or 'no stack'}, "
                f"and this agent is for {ours}: mend the route to it in Alertmanager",
            )
    chosen = [alert for alert in webhook.alerts if alert.is_rollback]
    for alert in chosen:
        if alert.labels.get("color") not in set(Color):
            raise WebhookRefused(
                Verdict.GARBAGE,
                400,
                f"{alert.name or 'an alert'} asks for a rollback and its label color is "
                f"{alert.labels.get('color')!r}: blue or green is needed",
            )
    return chosen


def _only(labels: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    return {key: labels[key] for key in keys if key in labels}
