"""A release's silence: warnings of its own stack, one however often it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ops.errors import CouldNotFindOut, Refused
from ops.release.silence import NONE, StackSilences
from ops.silences import Silence
from tests.unit.monitored import monitoring


@dataclass
class FakeAlertmanager:
    kept: dict[str, Silence] = field(default_factory=dict)
    is_down: bool = False

    def silences(self) -> list[Silence]:
        if self.is_down:
            raise CouldNotFindOut("Alertmanager does not answer")
        return list(self.kept.values())

    def now(self) -> datetime:
        return datetime(2025, 10, 14, 2, tzinfo=UTC)

    def put(self, silence: Silence) -> str:
        name = silence.id or f"s{len(self.kept) + 1}"
        self.kept[name] = replace(silence, id=name, state="active")
        return name

    def expire(self, silence_id: str) -> None:
        assert self.kept[silence_id].stands
        self.kept[silence_id] = replace(self.kept[silence_id], state="expired")


@pytest.fixture
def server() -> FakeAlertmanager:
    return FakeAlertmanager()


def silences(server: FakeAlertmanager, **changes: Any) -> StackSilences:
    facts = SimpleNamespace(
        namespace="legal-ai", monitoring=monitoring(alertmanagerUrl="http://am", **changes)
    )
    return StackSilences(cast(Any, facts), "production", cast(Any, lambda _url: server))


def test_warnings_of_its_own_stack_are_silent_and_the_agents_alerts_are_not(
    server: FakeAlertmanager,
) -> None:
    silences(server).put("release-1", 60)
    (made,) = server.kept.values()
    assert {str(matcher) for matcher in made.matchers} == {
        "namespace=legal-ai",
        "stack=production",
        "severity=warning",
    }
    assert not made.covers_rollback
    assert (made.ends_at - made.starts_at).total_seconds() == 3600


def test_asked_for_once_more_it_is_renewed_and_there_is_no_second_one(
    server: FakeAlertmanager,
) -> None:
    for _ in range(2):
        silences(server).put("release-1", 60)
    silences(server).put("release-2", 60)
    assert [each.comment for each in server.kept.values()] == ["release-1", "release-2"]


def test_it_is_ended_once_and_anothers_stays(server: FakeAlertmanager) -> None:
    for label in ("release-1", "release-2"):
        silences(server).put(label, 60)
    assert "is ended" in silences(server).end("release-1")
    assert "had ended" in silences(server).end("release-1")
    assert [each.stands for each in server.kept.values()] == [False, True]


def test_longer_than_a_shift_of_people_is_refused(server: FakeAlertmanager) -> None:
    with pytest.raises(Refused, match="too long"):
        silences(server).put("release-1", 9 * 60)
    assert server.kept == {}


def test_a_stack_without_alertmanager_has_nothing_to_silence(server: FakeAlertmanager) -> None:
    unwatched = silences(server, delivery="none")
    assert (unwatched.put("release-1", 60), unwatched.end("release-1")) == (NONE, NONE)
    assert server.kept == {}


def test_an_alertmanager_that_is_down_keeps_no_release_from_its_end(
    server: FakeAlertmanager,
) -> None:
    silences(server).put("release-1", 60)
    server.is_down = True
    told = silences(server).end("release-1")
    assert "could not be ended (Alertmanager does not answer)" in told
    assert "run out" in told
    with pytest.raises(CouldNotFindOut):
        silences(server).put("release-1", 60)
