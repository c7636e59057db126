"""The command line of a complete rollback: what it asks for, whom it asks, what it prints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.errors import UsageError
from ops.release_rollback import connecting
from ops.stack import Stack
from scripts import rollback_release
from tests.unit.rollback_release_world import UndoWorld, released, undone_well


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> UndoWorld:
    """What the command acts on; it asks the command's own question."""
    made = released()

    def connect(stack: Stack, confirm: Any, *_: Any) -> Any:
        monkeypatch.setattr(made, "_confirm", confirm)
        return made.undo_tools()

    monkeypatch.setattr(connecting, "connect", connect)
    monkeypatch.setattr(connecting, "journal", lambda _stack: made.undo_tools().journal)
    monkeypatch.setenv("PULUMI_STACK", "production")
    return made


def command(*args: str) -> Any:
    return CliRunner().invoke(rollback_release.app, [*args], standalone_mode=False)


def test_without_options_the_release_is_undone_and_the_result_is_json_alone(
    world: UndoWorld,
) -> None:
    done = json.loads(command("--json").stdout)
    assert (done["color"], done["to_version"], done["outcome"]) == ("green", "v0", "done")
    undone_well(world)


def test_it_reminds_of_the_stacks_file(world: UndoWorld) -> None:
    assert "commit the stack's file" in command().stdout


@pytest.mark.parametrize("final", [("--schema", "0001"), ("--data", "latest")])
def test_what_can_not_be_had_again_needs_the_stacks_name(
    world: UndoWorld, final: tuple[str, ...]
) -> None:
    refused = command(*final)
    assert isinstance(refused.exception, UsageError)
    assert "--yes-rollback production" in str(refused.exception)
    assert world.undoing is None
    wrong = command(*final, "--yes-rollback", "staging")
    assert isinstance(wrong.exception, UsageError)
    assert world.acts == ["look"]
    assert command(*final, "--yes-rollback", "production").exception is None
    assert world.database
    undone_well(world)


def test_a_dry_run_asks_nobody_and_changes_nothing(world: UndoWorld) -> None:
    shown = command("--dry-run", "--schema", "0001")
    assert "version: green: v0, 0 replicas" in shown.stdout
    assert "takes back 0002" in shown.stdout
    assert world.undoing is None


def test_the_status_says_what_is_open_and_where_it_stands(world: UndoWorld) -> None:
    assert "open: nothing" in command("--status").stdout
    world.fails["up"] = UsageError("no passphrase")
    assert isinstance(command().exception, UsageError)
    shown = command("--status").stdout
    assert "at step acknowledge" in shown
    assert "no passphrase" in shown
