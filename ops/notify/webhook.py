"""Anything else that takes JSON: the whole event, as it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.notify.model import Event, NotificationFacts
from ops.notify.post import post


@dataclass(frozen=True)
class Webhook:
    """An address of the operator's own."""

    facts: NotificationFacts
    name: str = "webhook"

    def wants(self, event: Event) -> bool:  # noqa: ARG002 everything
        """Everything is told."""
        return True

    def send(self, event: Event) -> None:
        """Tell it. Raises Undelivered."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        post(self.facts.webhook.get_secret_value(), message(self.facts, event, now))


def message(facts: NotificationFacts, event: Event, at: str) -> dict[str, Any]:
    """The event with the stack it is about and its time (RFC 3339)."""
    return {
        "at": at,
        "stack": facts.stack,
        "publicUrl": facts.public_url,
        "kind": event.kind,
        "severity": event.severity,
        "title": event.title,
        "text": event.text,
        "fields": dict(event.fields),
        "dedup": event.dedup,
    }
