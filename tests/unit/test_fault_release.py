"""What breaks during a release, and how each ends: traffic where it is safe, the cause told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, cast

import pytest
from pydantic import SecretStr

from ops.alerts import series
from ops.errors import CouldNotFindOut, Refused
from ops.metrics import Prometheus, Sample
from ops.notify import Event, Failure, NotificationFacts, Notifier, post
from ops.release import procedure
from ops.release.beginning import Wish
from ops.release.step import Step
from ops.release.tools import Tools
from ops.shift.tools import Tools as Shifting
from ops.watching.judging import Limits
from ops.watching.watch import Rhythm
from ops.watching.watcher import PrometheusWatcher
from tests.unit.release_world import BLUE, GREEN, SHORT, ReleaseWorld
from tests.unit.versioned import Versioned

NOBODY: Final = "http://127.0.0.1:1"
"""An address at which nothing listens."""
BRIEF: Final = 0.05
CANARY: Final = Wish(
    "v2",
    SHORT.model_copy(
        update={
            "steps": (10, 50),
            "step_seconds": BRIEF,
            "watch_seconds": BRIEF,
            "keep_seconds": BRIEF,
        }
    ),
)
ONLY_BLUE: Final = {BLUE: 100, GREEN: 0}


class WatchedWorld(ReleaseWorld):
    """Its Prometheus has numbers of both colors; `green_fails` is green's error ratio.

    `on_look` is called before each of its answers; with `is_gone` nothing listens there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.green_fails = 0.0
        self.is_gone = False
        self.on_look: Callable[[], None] = lambda: None

    def tools(self) -> Shifting:
        watcher = PrometheusWatcher(
            connect=lambda: cast(Any, self),
            namespace="legal-ai",
            limits=Limits(),
            rhythm=Rhythm(every=0.01, silence=BRIEF),
            say=self.say_it,
            pause=lambda _: None,
        )
        return replace(super().tools(), watcher=watcher)

    def vector(self, query: str) -> list[Sample]:
        """As Prometheus answers."""
        self.on_look()
        if self.is_gone:
            return Prometheus(NOBODY).vector(query)
        numbers = {
            series.GATEWAY_SERVICES: (2.0, 2.0),
            series.REQUESTS_COUNT: (9000.0, 1000.0),
            series.REQUESTS_RATE: (30.0, 3.0),
            series.ERRORS_RATIO: (0.0, self.green_fails),
            series.RECENT_ERRORS_RATIO: (0.0, self.green_fails),
        }
        found = next((each for name, each in numbers.items() if f"{name}{{" in query), (0.1, 0.1))
        return [
            Sample({"color": str(color)}, value)
            for color, value in zip((BLUE, GREEN), found, strict=True)
        ]


class Broken(Versioned):
    """Its API server gives no answer to the write of this number, from 0, nor before to-morrow."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number

    def patch(self, kind: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        self.left -= 1
        if self.left < 0:
            raise CouldNotFindOut("the API server answered 500: etcdserver: request timed out")
        return super().patch(kind, name, patch)


@pytest.fixture
def world() -> WatchedWorld:
    return WatchedWorld()


def as_it_was(world: ReleaseWorld) -> None:
    """An abort leaves nothing of the release but its backup."""
    procedure.abort(world.release_tools())
    assert world.weights == ONLY_BLUE
    assert world.running == {BLUE: 2, GREEN: 0}
    assert world.deployed == {BLUE: "v1", GREEN: "v0"}
    assert world.silence_of == set()
    assert world.release is None


def test_a_standby_that_never_gets_ready_is_no_public_matter_and_goes_again(
    world: WatchedWorld,
) -> None:
    world.refusal = Refused("Deployment backend-green: 0 of 2 pods are ready: ImagePullBackOff")
    with pytest.raises(Refused, match="ImagePullBackOff"):
        procedure.run(world.release_tools(), CANARY)
    assert (world.shares, world.acts[-1]) == ([], "up")
    assert world.release
    assert world.release.step is Step.DEPLOY
    assert "ImagePullBackOff" in world.events[-1].text
    assert "Public traffic was not touched" in world.events[-1].text
    as_it_was(world)


def test_smoke_tests_that_fail_leave_the_standby_to_be_looked_at_and_go_with_an_abort(
    world: WatchedWorld,
) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    with pytest.raises(Refused, match="no token"):
        procedure.run(world.release_tools(), CANARY)
    assert world.shares == []
    assert world.running == {BLUE: 2, GREEN: 2}
    as_it_was(world)


def test_a_canary_that_fails_5_percent_at_a_weight_of_10_gets_no_more_and_loses_that(
    world: WatchedWorld,
) -> None:
    world.on_look = lambda: setattr(world, "green_fails", 0.05 if world.weights[GREEN] else 0.0)
    with pytest.raises(Refused, match=r"5\.00 %") as told:
        procedure.run(world.release_tools(), CANARY)
    assert world.shares == [10, 0]
    assert "blue has all traffic again" in str(told.value)
    assert (world.running[BLUE], world.held) == (2, None)
    as_it_was(world)


def test_without_prometheus_nothing_moves_forward(world: WatchedWorld) -> None:
    world.is_gone = True
    with pytest.raises(CouldNotFindOut, match=r"127\.0\.0\.1:1"):
        procedure.run(world.release_tools(), CANARY)
    assert world.shares == []
    assert "browser" in world.acts
    as_it_was(world)


def test_prometheus_that_goes_away_at_10_percent_leaves_it_at_that_and_calls_a_person(
    world: WatchedWorld,
) -> None:
    world.on_look = lambda: setattr(world, "is_gone", bool(world.weights[GREEN]))
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.release_tools(), CANARY)
    assert world.shares == [10]
    assert "page" in world.kinds
    world.on_look, world.is_gone = lambda: None, False
    procedure.resume(world.release_tools(), {})
    assert world.shares == [10, 50, 100]
    assert world.ended.outcome == "done"


def test_slack_that_is_gone_changes_nothing_and_is_seen(
    world: WatchedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "RETRY_SECONDS", BRIEF)
    facts = NotificationFacts(stack="production", slack_webhook=SecretStr(f"{NOBODY}/T0/B0/secret"))
    told: list[Event] = []

    def tell(event: Event) -> Sequence[Failure]:
        told.append(event)
        return Notifier(facts, world.say_it).tell(event)

    tools: Tools = replace(world.release_tools(), tell=tell)
    done = procedure.run(tools, CANARY)
    assert done.outcome == "done"
    assert world.shares == [10, 50, 100]
    assert len(told) > 2
    assert "Slack" in world.reports[-1].notes[0]
    assert not any("secret" in line for line in (*world.said, *world.reports[-1].notes))


def test_an_api_server_that_goes_away_at_any_write_of_the_journal_is_gone_on_after() -> None:
    """Writes are refused from one on; a later run finds them working again."""
    for number in range(200):
        world = ReleaseWorld()
        world.cluster = broken = Broken(number)
        if got_through(world):
            assert number > 2 * len(Step), "every write was once the one that failed"
            return
        assert ("page" in world.kinds) is is_left_alone(world), number
        weights, broken.left = world.weights, 10_000
        assert weights == {color: 100 - weights[color.other] for color in (BLUE, GREEN)}
        go_on(world)
        assert (world.release, world.ended.outcome) == (None, "done"), number
        assert world.shares == [50, 100], number
        assert world.running == {BLUE: 0, GREEN: 2}, number
        assert len(world.backups) == 1, number
    pytest.fail("a release writes its journal more often than that")


def got_through(world: ReleaseWorld) -> bool:
    """Whether a release ends well; that it could not be told is its only other end."""
    with suppress(CouldNotFindOut):
        procedure.run(world.release_tools(), Wish("v2", SHORT))
        return True
    return False


def is_left_alone(world: ReleaseWorld) -> bool:
    """Whether the new color has traffic, and was not yet watched to the end: at 50 % and twice."""
    assert world.live_traffic
    return world.live_traffic.has_traffic(GREEN) and len(world.watched) < 3


def go_on(world: ReleaseWorld) -> None:
    """What an operator does: the same again, whether it was begun or not."""
    if world.release is None:
        procedure.run(world.release_tools(), Wish("v2", SHORT))
    else:
        procedure.resume(world.release_tools(), {})
