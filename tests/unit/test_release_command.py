"""The command line of a release: what it asks for, what it prints, what can not be meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.errors import Refused, UsageError
from ops.lease import Lease
from ops.release import connecting
from ops.release.connecting import Chosen
from ops.release.step import Step
from scripts import release
from tests.unit.release_world import ReleaseWorld
from tests.unit.versioned import Versioned

SHORT = ("--canary-minutes", "0.02", "--watch-minutes", "0.02", "--keep-minutes", "0.02")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> ReleaseWorld:
    """What the command acts on; `chosen` is what it was given."""
    made = ReleaseWorld()

    def connect(stack: Any, chosen: Chosen, say: Any) -> Any:
        made.chosen = chosen  # type: ignore[attr-defined]
        return made.release_tools()

    lease = Lease(Versioned(), "release", "me", 60)
    monkeypatch.setattr(connecting, "connect", connect)
    monkeypatch.setattr(connecting, "looking", lambda _stack: (made.release_tools().journal, lease))
    monkeypatch.setenv("PULUMI_STACK", "production")
    return made


def command(*args: str) -> Any:
    return CliRunner().invoke(release.app, [*args], standalone_mode=False)


def test_the_runbooks_times_are_the_usual_ones(world: ReleaseWorld) -> None:
    assert command("v2").exception is None
    options = world.ended.options
    assert (options.steps, options.step_seconds) == ((10, 25, 50, 100), 600)
    assert (options.watch_seconds, options.keep_seconds) == (300, 1800)
    assert options.silence_minutes == 40 + 5 + 30 + 60


def test_times_and_steps_are_as_typed(world: ReleaseWorld) -> None:
    args = ("--canary-steps", "5,50", "--canary-minutes", "2", "--keep-minutes", "120")
    assert command("v2", *args).exception is None
    options = world.ended.options
    assert (options.steps, options.step_seconds, options.keep_seconds) == ((5, 50), 120, 7200)


def test_a_cutover_has_no_steps(world: ReleaseWorld) -> None:
    assert command("v2", "--no-canary").exception is None
    assert world.shares == [100]


def test_a_silence_is_never_longer_than_one_may_be(world: ReleaseWorld) -> None:
    assert command("v2", "--keep-minutes", "900").exception is None
    assert world.ended.options.silence_minutes == 480


def test_what_is_open_is_gone_on_with_and_ended_by_options(world: ReleaseWorld) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    assert isinstance(command("v2", *SHORT).exception, Refused)
    found = json.loads(command("--status", "--json").stdout)
    assert (found["open"]["step"], found["holder"]) == ("smoke", None)
    assert "failed" in command("--status").stdout
    done = command("--abort")
    assert "aborted" in done.stdout
    assert world.running == {"blue": 2, "green": 0}


def test_resuming_can_accept_what_is_unknown(world: ReleaseWorld) -> None:
    world.fails["preflight"] = Refused("not now")
    command("v2", *SHORT)
    del world.fails["preflight"]
    assert command("--resume", "--accept", "hold=seen to").exception is None
    assert world.ended.options.accept == {"hold": "seen to"}


@pytest.mark.parametrize("what", ["v2", "--resume"])
def test_accepting_a_line_that_is_none_is_told_before_anything_is_begun(
    world: ReleaseWorld, what: str
) -> None:
    error = command(what, "--accept", "dsik=typo").exception
    assert isinstance(error, UsageError)
    assert "backups, disk" in str(error)
    assert (world.acts, world.release) == ([], None)


@pytest.mark.parametrize("what", ["v2", "--resume"])
def test_what_another_stack_is_asked_can_be_accepted_in_any(world: ReleaseWorld, what: str) -> None:
    world.fails["preflight"] = Refused("not now")
    command("v2", *SHORT)
    del world.fails["preflight"]
    assert command(what, "--accept", "approval=it is staging").exception is None
    assert world.ended.outcome == "done"


@pytest.mark.parametrize("what", ["v2", "--resume", "--abort"])
def test_other_addresses_are_taken_by_each_way_to_go_on(world: ReleaseWorld, what: str) -> None:
    if what != "v2":
        world.fails["smoke"] = Refused("login gives no token")
        command("v2", *SHORT)
        world.fails.clear()
    args = (what, "--prometheus", "http://p", "--alertmanager", "http://a")
    assert command(*args).exception is None
    wishes = world.chosen.wishes  # type: ignore[attr-defined]
    assert (wishes.prometheus, wishes.alertmanager) == ("http://p", "http://a")


def test_one_step_alone(world: ReleaseWorld) -> None:
    assert command("v2", "--only", "backup").exception is None
    assert world.acts == ["backup"]


def test_a_dry_run_says_each_step_and_changes_nothing(world: ReleaseWorld) -> None:
    found = json.loads(command("v2", "--dry-run", "--json").stdout)
    assert [line.partition(":")[0] for line in found["would"]] == list(Step)
    assert "10 % for 10 min" in found["would"][Step.SHIFT.number]
    assert (world.acts, world.writes, world.release) == ([], [], None)


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("v2", "--resume"),
        ("--resume", "--abort"),
        ("--status", "--abort"),
        ("--resume", "--from", "shift"),
        ("--abort", "--dry-run"),
        ("v2", "--from", "shift", "--only", "shift"),
        ("v2", "--accept", "disk"),
        ("v2", "--accept", "=why"),
        ("v2", "--canary-steps", "10,x"),
        ("v2", "--canary-steps", "50,10"),
        ("v 2",),
    ],
)
def test_what_can_not_be_meant_is_a_usage_error(world: ReleaseWorld, args: tuple[str, ...]) -> None:
    assert isinstance(command(*args).exception, UsageError)
    assert (world.acts, world.writes) == ([], [])


def test_the_help_has_an_example() -> None:
    assert "Example: scripts/release.py" in CliRunner().invoke(release.app, ["--help"]).stdout
