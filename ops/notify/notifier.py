"""Tells everybody at once, and never longer than a bound: who sends has better things to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from ops.notify.channel import Channel, Undelivered
from ops.notify.mail import Mail
from ops.notify.model import Event, Failure, NotificationFacts
from ops.notify.pager_duty import PagerDuty
from ops.notify.slack import Slack
from ops.notify.status_page import StatusPage
from ops.notify.webhook import Webhook

DEADLINE_SECONDS: Final = 15.0
"""After this an answer is not waited for any longer."""
URGENT: Final = frozenset({"rollback", "stayed", "page", "incident"})
"""Kinds of events that a person must hear of."""
_PAGE: Final = Event("page", "", "", "critical")
NOBODY: Final = Failure(
    "on-call",
    "no channel is configured that reaches a person: set notifications.pagerDutyKey, slackWebhook, "
    "webhook or email (docs/notifications.md)",
)


def reaching(facts: NotificationFacts) -> tuple[str, ...]:
    """Names of the channels by which a page reaches a person; the public's page is none."""
    return tuple(channel.name for channel in _channels(facts) if channel.wants(_PAGE))


class Notifier:
    """Everybody whom a stack's facts name. `say` gets a sentence for each message."""

    def __init__(
        self,
        facts: NotificationFacts,
        say: Callable[[str], None],
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._say = say
        self._secrets = facts.secrets()
        self._deadline_seconds = deadline_seconds
        self._channels = _channels(facts)
        self._reaches_people = bool(reaching(facts))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of all that are told anything, for counters."""
        return tuple(channel.name for channel in self._channels)

    def tell(self, event: Event) -> list[Failure]:
        """Tell it to all that want it; what did not arrive, said and given back. Never raises.

        What a person must hear of is a failure too where no channel reaches any.
        """
        wanting = [channel for channel in self._channels if channel.wants(event)]
        results = self._sent(wanting, event)
        failures = [
            Failure(channel.name, problem)
            for channel in wanting
            if (problem := results.get(channel.name, self._no_answer()))
        ]
        if event.kind in URGENT and not self._reaches_people:
            failures.append(NOBODY)
        reached = [channel.name for channel in wanting if not results.get(channel.name, "none")]
        if reached:
            self._say(f"told {', '.join(reached)}: {event.title}")
        for failure in failures:
            self._say(f"{failure} (it was: {event.title})")
        return failures

    def _sent(self, wanting: list[Channel], event: Event) -> dict[str, str]:
        """What came of each that answered in time: empty for success, else what went wrong."""
        results: dict[str, str] = {}

        def send(channel: Channel) -> None:
            results[channel.name] = self._problem(channel, event)

        # Daemons: one that hangs must not keep a command from ending.
        threads = [threading.Thread(target=send, args=(each,), daemon=True) for each in wanting]
        end = time.monotonic() + self._deadline_seconds
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return dict(results)

    def _problem(self, channel: Channel, event: Event) -> str:
        try:
            channel.send(event)
        except Undelivered as error:
            return self._without_secrets(str(error))
        except Exception as error:  # a mistake of ours must not stop a rollback either
            return self._without_secrets(f"{type(error).__name__}: {error}")
        return ""

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text

    def _no_answer(self) -> str:
        return f"no answer within {self._deadline_seconds:g} s"


def _channels(facts: NotificationFacts) -> list[Channel]:
    found: list[Channel] = []
    if facts.slack_webhook.get_secret_value():
        found.append(Slack(facts))
    if facts.status_page:
        found.append(StatusPage(facts))
    if facts.pager_duty_key.get_secret_value():
        found.append(PagerDuty(facts))
    if facts.webhook.get_secret_value():
        found.append(Webhook(facts))
    if facts.email is not None:
        found.append(Mail(facts, facts.email))
    return found
