"""What a silence covers. Pure.

Alerts with `action: rollback` are heard by the agent, not by people: silenced, nobody takes traffic
off a failing color. So a silence that may cover one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Final

from ops.alerts.names import ROLLBACK_ALERTS
from ops.color import Color
from ops.errors import Refused, UsageError
from ops.times import ago, rfc3339

MAXIMUM: Final = timedelta(hours=8)
"""The longest silence: who still works after that looks again, and renews it."""
NOT_ROLLBACK: Final = "action!=rollback"
"""The matcher that keeps any silence off the alerts for the agent."""

_MATCHER: Final = re.compile(r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True, order=True)
class Matcher:
    """A condition on one label, as Alertmanager has it: a label that is missing is empty text."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    @classmethod
    def parse(cls, text: str) -> Matcher:
        """Read `name=value`, `!=`, `=~` or `!~`, the value quoted or not. Raises UsageError."""
        found = _MATCHER.fullmatch(text)
        if found is None:
            raise UsageError(
                f"{text!r} is not a matcher: name=value, name!=value, name=~regex or name!~regex"
            )
        name, operator, value = found.groups()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        matcher = cls(name, value, is_regex="~" in operator, is_equal="!" not in operator)
        if matcher.is_regex:
            try:
                re.compile(value)
            except re.error as error:
                raise UsageError(f"{text!r}: {value!r} is no regular expression: {error}") from (
                    error
                )
        return matcher

    def may_match(self, value: str) -> bool:
        """Whether a label with this value fits. A regex that only Go understands may fit all."""
        if not self.is_regex:
            return (value == self.value) == self.is_equal
        try:
            return (re.fullmatch(self.value, value) is not None) == self.is_equal
        except re.error:
            return True

    def __str__(self) -> str:
        operators = {(True, False): "=", (False, False): "!=", (True, True): "=~"}
        return f"{self.name}{operators.get((self.is_equal, self.is_regex), '!~')}{self.value}"


@dataclass(frozen=True)
class Silence:
    """A silence; times are aware. `id` is Alertmanager's, empty before it is made.

    `state` is pending (it begins later), active or expired.
    """

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str
    id: str = ""
    state: str = ""

    @property
    def stands(self) -> bool:
        """Whether it silences now or will."""
        return self.state in {"active", "pending"}

    @property
    def covers_rollback(self) -> bool:
        """Whether an alert for the agent may fall under it."""
        return covers_rollback(self.matchers)

    def __str__(self) -> str:
        told = ", ".join(str(matcher) for matcher in self.matchers)
        start, end = (at.replace(microsecond=0) for at in (self.starts_at, self.ends_at))
        window = f"{rfc3339(start)} to {rfc3339(end)}"
        return f"{self.id} {self.state}: {told}; {window}, by {self.by}: {self.comment}"


def covers_rollback(matchers: Iterable[Matcher]) -> bool:
    """Whether an alert with `action: rollback` may match them all.

    Labels that are not certain (stack, namespace, service …) may have any value.
    """
    matchers = tuple(matchers)
    return any(
        all(
            matcher.may_match(labels[matcher.name])
            for matcher in matchers
            if matcher.name in labels
        )
        for labels in _rollback_labels()
    )


def may_touch(silence: Silence, stack: str, namespace: str) -> bool:
    """Whether alerts of this stack may fall under it."""
    own = {"stack": stack, "namespace": namespace}
    return all(m.may_match(own[m.name]) for m in silence.matchers if m.name in own)


def require_sound(
    matchers: Sequence[Matcher], start: datetime, end: datetime, now: datetime
) -> None:
    """Raise UsageError for a window that is none, Refused for one too long or too wide.

    A silence that stands already may be renewed: its maximum counts from `now`.
    """
    if not matchers:
        raise UsageError("say what to silence, for example: alertname=HighLatency severity=warning")
    begins = max(start, now)
    if end <= begins:
        raise UsageError(f"the silence would end at {rfc3339(end)}, and begin at {rfc3339(begins)}")
    if end - begins > MAXIMUM:
        raise Refused(
            f"{ago(end - begins)} is too long: a silence lasts {ago(MAXIMUM)} at most. "
            "Make a shorter one, and renew it by the same command"
        )
    if covers_rollback(matchers):
        raise Refused(
            "this would silence alerts with action=rollback, by which the agent takes traffic off "
            f"a failing color: add {NOT_ROLLBACK}, or name one alert. To keep the agent from "
            "acting for a time, see docs/alerts.md"
        )


def _rollback_labels() -> list[dict[str, str]]:
    """What is certain of the labels of each alert for the agent."""
    return [
        {"alertname": name, "color": str(color), "action": "rollback", "severity": "critical"}
        for name, color in product(sorted(ROLLBACK_ALERTS), Color)
    ]
