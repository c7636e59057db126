"""PagerDuty, by its Events API v2: https://developer.pagerduty.com/docs/events-api-v2/overview/."""

from dataclasses import dataclass
from typing import Any, Final

from ops.notify.model import Event, NotificationFacts
from ops.notify.post import post

_SUMMARY: Final = 1024
_DEDUP: Final = 255
_ACTIONS: Final = {
    "rollback": "trigger",
    "stayed": "trigger",
    "page": "trigger",
    "incident": "trigger",
    "acknowledged": "resolve",
    "resolved": "resolve",
}


@dataclass(frozen=True)
class PagerDuty:
    """The service that the integration key belongs to."""

    facts: NotificationFacts
    name: str = "PagerDuty"

    def wants(self, event: Event) -> bool:
        """What a person must look at, and its end, where it is known which one ended."""
        action = _ACTIONS.get(event.kind)
        return action == "trigger" or (action == "resolve" and bool(event.dedup))

    def send(self, event: Event) -> None:
        """Tell it. Raises Undelivered."""
        post(self.facts.pager_duty_url, message(self.facts, event))


def message(facts: NotificationFacts, event: Event) -> dict[str, Any]:
    """The event as PagerDuty takes it. Two with the same `dedup` and stack are one incident."""
    document: dict[str, Any] = {
        "routing_key": facts.pager_duty_key.get_secret_value(),
        "event_action": _ACTIONS[event.kind],
        "payload": {
            "summary": event.title[:_SUMMARY],
            "source": facts.public_url or facts.stack or "legal-ai",
            "severity": event.severity,
            "group": facts.stack,
            "class": event.kind,
            "custom_details": {"text": event.text, **event.fields},
        },
    }
    if event.dedup:
        document["dedup_key"] = f"{facts.stack}/{event.dedup}"[:_DEDUP]
    return document
