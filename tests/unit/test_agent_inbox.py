"""The inbox: what comes twice, late, or in the wrong order is one alert, and none gets lost."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from agent.inbox import KEPT, Entry, Inbox, fold
from agent.webhook import Alert, Verdict
from ops.agent import INBOX
from ops.errors import CouldNotFindOut
from tests.unit.versioned import Versioned
from tests.unit.webhooks import T0, T1, T2, parsed

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def cluster() -> Versioned:
    return Versioned()


@pytest.fixture
def inbox(cluster: Versioned) -> Inbox:
    ticks = itertools.count()
    return Inbox(cluster, clock=lambda: NOW + timedelta(seconds=next(ticks)))


def firing(starts: str = T1, **given: str) -> Alert:
    return parsed(startsAt=starts, **given)


def resolved(starts: str = T1, **given: str) -> Alert:
    return parsed(startsAt=starts, status="resolved", **given)


@pytest.mark.parametrize(
    ("messages", "verdicts", "is_pending"),
    [
        ([firing()], ["accepted"], True),
        ([firing(), firing()], ["accepted", "duplicate"], True),
        ([firing(), resolved()], ["accepted", "resolved"], False),
        ([firing(), resolved(), resolved()], ["accepted", "resolved", "duplicate"], False),
        ([resolved(), firing()], ["resolved", "duplicate"], False),
        ([firing(T1), firing(T0)], ["accepted", "stale"], True),
        ([firing(T1), resolved(T0)], ["accepted", "stale"], True),
        ([resolved(T1), firing(T0)], ["resolved", "stale"], False),
        ([firing(T0), firing(T1)], ["accepted", "accepted"], True),
        ([resolved(T0), firing(T1)], ["resolved", "accepted"], True),
        ([firing(T0), resolved(T0), firing(T2)], ["accepted", "resolved", "accepted"], True),
    ],
)
def test_an_alert_is_told_by_when_it_began(
    messages: list[Alert], verdicts: list[str], is_pending: bool
) -> None:
    entry: Entry | None = None
    told = []
    for message in messages:
        entry, verdict = fold(entry, message, NOW)
        told.append(str(verdict))
    assert entry is not None
    assert (told, entry.is_pending) == (verdicts, is_pending)


def test_a_hundred_messages_in_any_order_are_one_alert_that_waits(inbox: Inbox) -> None:
    messages = [firing(T2)] * 40 + [firing(T1)] * 20 + [resolved(T1)] * 20 + [resolved(T0)] * 20
    random.Random(5).shuffle(messages)  # noqa: S311 nothing secret
    for message in messages:
        inbox.accept([message])
    (waiting,) = inbox.pending()
    assert waiting.starts_at == firing(T2).starts_at


def test_alerts_wait_in_the_order_in_which_they_came(inbox: Inbox) -> None:
    for number in (3, 1, 2):
        inbox.accept([firing(fingerprint=f"{number:x}")])
    assert [entry.fingerprint for entry in inbox.pending()] == ["3", "1", "2"]


def test_what_was_answered_waits_no_more_and_a_new_time_of_it_does(inbox: Inbox) -> None:
    inbox.accept([firing(T1)])
    inbox.answer(inbox.pending()[0], "rolled-back")
    assert inbox.accept([firing(T1)]) == [Verdict.DUPLICATE]
    assert inbox.pending() == []
    assert inbox.accept([firing(T2)]) == [Verdict.ACCEPTED]
    assert [entry.answer for entry in inbox.pending()] == [""]


def test_an_answer_to_an_earlier_time_is_none_to_a_later_one(inbox: Inbox) -> None:
    inbox.accept([firing(T1)])
    (earlier,) = inbox.pending()
    inbox.accept([firing(T2)])
    inbox.answer(earlier, "rolled-back")
    assert [entry.starts_at for entry in inbox.pending()] == [firing(T2).starts_at]


def test_duplicates_are_read_and_not_written(cluster: Versioned, inbox: Inbox) -> None:
    for _ in range(10):
        inbox.accept([firing()])
    assert cluster.writes == [f"create {INBOX}"]


def test_an_alert_that_the_twin_takes_in_at_the_same_moment_is_not_lost(
    cluster: Versioned, inbox: Inbox
) -> None:
    inbox.accept([firing(fingerprint="1")])
    cluster.before_write = lambda: Inbox(cluster).accept([firing(fingerprint="2")])
    assert inbox.accept([firing(fingerprint="3")]) == [Verdict.ACCEPTED]
    assert {entry.fingerprint for entry in inbox.pending()} == {"1", "2", "3"}


def test_the_first_alert_of_both_replicas_is_kept(cluster: Versioned, inbox: Inbox) -> None:
    cluster.before_write = lambda: Inbox(cluster).accept([firing(fingerprint="2")])
    inbox.accept([firing(fingerprint="1")])
    assert {entry.fingerprint for entry in inbox.pending()} == {"1", "2"}


def test_only_answered_alerts_are_forgotten_and_the_oldest_first(inbox: Inbox) -> None:
    for number in range(KEPT + 10):
        inbox.accept([firing(fingerprint=f"a{number:x}")])
    assert len(inbox.pending()) == KEPT + 10
    for entry in inbox.pending()[:20]:
        inbox.answer(entry, "paged")
    inbox.accept([firing(fingerprint="b")])
    assert len(inbox.pending()) == KEPT - 9
    assert inbox.accept([firing(fingerprint="a0")]) == [Verdict.ACCEPTED]


def test_a_message_that_could_not_be_kept_is_not_taken(cluster: Versioned, inbox: Inbox) -> None:
    cluster.is_down = True
    with pytest.raises(CouldNotFindOut):
        inbox.accept([firing()])


def test_an_inbox_that_can_not_be_understood_is_not_an_empty_one(
    cluster: Versioned, inbox: Inbox
) -> None:
    cluster.config_map(INBOX, {"1": '{"alert": "x"}'})
    with pytest.raises(CouldNotFindOut, match=f"kubectl get configmap {INBOX}"):
        inbox.pending()
