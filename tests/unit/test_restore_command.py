"""The command line of a restore: who is asked what, and what ends it before anything is read."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.errors import UsageError
from ops.restore import connecting, procedure
from ops.stack import Stack
from scripts import restore_production_db
from scripts.console import confirmer
from tests.unit.test_restore_journal import entry


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command asked of the library; `connect` gives no tools."""
    found: list[tuple[Any, ...]] = []

    def run(tools: Any, wanted: str, **options: bool) -> Any:
        found.append((wanted, options))
        return entry(outcome="done", later="/there/later.jsonl.gz", later_rows=3, saved="kept")

    def connect(stack: Stack, wishes: Any) -> Any:
        found.append((stack.name, wishes.keep, wishes.accept_unknown))

    monkeypatch.setattr(procedure, "run", run)
    monkeypatch.setattr(connecting, "connect", connect)
    monkeypatch.setenv("PULUMI_STACK", "production")
    return found


def command(*args: str) -> Any:
    return CliRunner().invoke(restore_production_db.app, [*args], standalone_mode=False)


def test_the_stacks_name_given_ahead_asks_nobody_and_its_result_says_what_to_know(
    runs: list[tuple[Any, ...]],
) -> None:
    done = command("latest", "--yes-restore", "production", "--accept-unknown", "--keep", "/k")
    assert done.exception is None
    assert runs == [
        ("production", "/k", True),
        ("latest", {"old_is_lost": False, "again": False}),
    ]
    for words in ("legal_ai_g2", "3 rows, kept in /there/later.jsonl.gz", "as a backup kept"):
        assert words in done.output


def test_another_name_than_the_stacks_is_refused_before_anything_is_read(
    runs: list[tuple[Any, ...]],
) -> None:
    done = command("latest", "--yes-restore", "staging")
    assert isinstance(done.exception, UsageError)
    assert "the stack is production" in str(done.exception)
    assert runs == []


@pytest.mark.parametrize("args", [(), ("latest", "--abort"), ("--abort", "--status")])
def test_one_thing_is_asked_for_at_a_time(
    runs: list[tuple[Any, ...]], args: tuple[str, ...]
) -> None:
    done = command(*args)
    assert isinstance(done.exception, UsageError)
    assert runs == []


@pytest.mark.parametrize(("typed", "agreed"), [("production", True), ("yes", False), ("", False)])
def test_only_the_stacks_name_typed_in_is_a_yes(
    monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: typed)
    confirm = confirmer(Stack("org/legal-ai/production"), None, "--yes-restore")
    assert confirm("really?") is agreed


def test_without_a_person_and_without_the_name_it_is_refused_with_what_to_add(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    confirm = confirmer(Stack("production"), None, "--yes-restore")
    with pytest.raises(UsageError, match="add --yes-restore production"):
        confirm("really?")


def test_json_on_standard_output_is_nothing_but_json(runs: list[tuple[Any, ...]]) -> None:
    import json  # noqa: PLC0415 only here

    done = command("latest", "--yes-restore", "production", "--json")
    assert json.loads(done.stdout)["later_rows"] == 3
