"""The command line of closing a release: watched if asked for, closed only when all is good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.closing import connecting
from ops.closing.entry import CLOSED, ITEMS
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.preflight import people
from scripts import close_release
from tests.unit.closing_world import ClosingWorld

FILE = Path("releases/v2-closing.yaml")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ClosingWorld:
    """What the command acts on; people ticked their lines."""
    made = ClosingWorld()
    monkeypatch.setattr(connecting, "connect", lambda *_: made.tools())
    monkeypatch.setenv("PULUMI_STACK", "production")
    monkeypatch.chdir(tmp_path)
    people.written(FILE, "v2", ITEMS)
    FILE.write_text(FILE.read_text().replace("by: ''", "by: somebody"))
    return made


def command(*args: str) -> Any:
    return CliRunner().invoke(close_release.app, [*args], standalone_mode=False)


def test_it_watches_for_the_runbooks_two_hours_looks_and_closes(world: ClosingWorld) -> None:
    ended = command("v2", "--watch-hours", "2")
    assert ended.exception is None
    assert "the closing of v2: good" in ended.stdout
    assert world.journal.history()[-1].outcome == CLOSED
    again = command("v2", "--watch-hours", "2")
    assert again.exception is None
    assert "nothing to do: closing of v2" in again.stdout
    assert len(world.journal.history()) == 1


def test_unwatched_it_stays_open_unless_that_is_accepted(world: ClosingWorld) -> None:
    assert isinstance(command("v2").exception, CouldNotFindOut)
    assert world.journal.history() == []
    assert command("v2", "--accept", "watched=a hotfix at night").exception is None


def test_hours_of_several_runs_add_up(world: ClosingWorld) -> None:
    assert isinstance(command("v2", "--watch-hours", "1").exception, CouldNotFindOut)
    begun = world.seconds
    assert command("v2", "--watch-hours", "2").exception is None
    assert world.seconds - begun == 3600


def test_what_nobody_ticked_keeps_it_open(world: ClosingWorld) -> None:
    FILE.unlink()
    assert command("v2", "--write-checklist").exception is None
    ended = command("v2", "--watch-hours", "2", "--json")
    assert isinstance(ended.exception, CouldNotFindOut)
    unknown = [c["name"] for c in json.loads(ended.stdout)["checks"] if c["verdict"] == "unknown"]
    assert unknown == list(ITEMS)
    assert world.open is not None


def test_a_dry_run_writes_and_watches_nothing(world: ClosingWorld) -> None:
    ended = command("v2", "--watch-hours", "2", "--dry-run", "--accept", "watched=dry")
    assert ended.exception is None
    assert (world.seconds, world.cluster.objects) == (0.0, {})


def test_a_version_that_does_not_serve_is_refused_before_anything_is_written(
    world: ClosingWorld,
) -> None:
    world.astray = "green serves with v2, not v3"
    people.written(Path("releases/v3-closing.yaml"), "v3", ITEMS)
    assert isinstance(command("v3", "--watch-hours", "2").exception, Refused)
    assert world.cluster.objects == {}


@pytest.mark.parametrize(
    "args",
    [
        ("v2", "--accept", "wathced=typo"),
        ("v2", "--accept", "watched"),
        ("v3", "--checklist", str(FILE)),
    ],
)
def test_what_is_wrong_is_said_before_two_hours_are_watched(
    world: ClosingWorld, args: tuple[str, ...]
) -> None:
    assert isinstance(command(*args, "--watch-hours", "2").exception, UsageError)
    assert (world.seconds, world.cluster.objects) == (0.0, {})
