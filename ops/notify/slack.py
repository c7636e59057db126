"""Slack, by an incoming webhook: https://api.slack.com/messaging/webhooks.

The lengths are Block Kit's; a longer text would have the whole message refused.
"""

from dataclasses import dataclass
from typing import Any, Final

from ops.notify.model import Event, NotificationFacts
from ops.notify.post import post

_HEADER: Final = 150
_TEXT: Final = 3000
_FIELD: Final = 2000
_FIELDS: Final = 10
_SIGNS: Final = {
    "rollback": ":leftwards_arrow_with_hook:",
    "stayed": ":rotating_light:",
    "page": ":rotating_light:",
    "acknowledged": ":white_check_mark:",
    "resolved": ":white_check_mark:",
    "release": ":ship:",
    "incident": ":rotating_light:",
    "progress": ":information_source:",
}


@dataclass(frozen=True)
class Slack:
    """The channel that the webhook belongs to."""

    facts: NotificationFacts
    name: str = "Slack"

    def wants(self, event: Event) -> bool:  # noqa: ARG002 everything
        """Everything is told."""
        return True

    def send(self, event: Event) -> None:
        """Tell it. Raises Undelivered."""
        post(self.facts.slack_webhook.get_secret_value(), message(self.facts, event))


def message(facts: NotificationFacts, event: Event) -> dict[str, Any]:
    """The message as Slack takes it. On-call is named where something is wrong."""
    urgent = event.severity in ("critical", "error")
    text = f"{_mention(facts.on_call)} {_escaped(event.text)}" if urgent else _escaped(event.text)
    title = f"{_SIGNS[event.kind]} {event.title}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:_HEADER], "emoji": True}},
        {"type": "section", "text": _markdown(text.strip(), _TEXT)},
    ]
    fields = [_markdown(f"*{_escaped(k)}*\n{_escaped(v)}", _FIELD) for k, v in event.fields.items()]
    if fields:
        blocks.append({"type": "section", "fields": fields[:_FIELDS]})
    place = _escaped(" · ".join(each for each in (facts.stack, facts.public_url) if each))
    if place:
        blocks.append({"type": "context", "elements": [_markdown(place, _FIELD)]})
    return {"text": _escaped(event.title), "blocks": blocks}


def _markdown(text: str, longest: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text if len(text) <= longest else f"{text[: longest - 1]}…"}


def _mention(on_call: str) -> str:
    """As it stands where it is Slack's own form, which alone rings somebody's phone."""
    is_slacks = on_call.startswith("<") and on_call.endswith(">")
    return on_call if is_slacks else _escaped(on_call)


def _escaped(text: str) -> str:
    """https://api.slack.com/reference/surfaces/formatting#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
