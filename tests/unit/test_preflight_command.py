"""The command line of the checklist before a release: its table, exit codes, and people's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import operations
from ops.checklist import Line
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.operations import parse
from ops.preflight import looking, people
from ops.preflight.looking import Subject
from scripts import preflight
from tests.unit.rollback_cluster import RollbackCluster
from tests.unit.test_stack import FACTS

LINES = [
    Line("hold", "good", "no color is held"),
    Line("disk", "unknown", "nobody measures it"),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Subject]:
    """What was looked at, on a stack where green serves."""
    found: list[Subject] = []

    def look(subject: Subject) -> list[Line]:
        found.append(subject)
        return LINES

    facts = parse({"operations": FACTS}, "production")
    monkeypatch.setattr(operations, "read", lambda _stack: facts)
    monkeypatch.setattr(Cluster, "connect", lambda *_, **__: RollbackCluster())
    monkeypatch.setattr(looking, "look", look)
    monkeypatch.setenv("PULUMI_STACK", "production")
    monkeypatch.chdir(tmp_path)
    return found


def command(*args: str) -> Any:
    return CliRunner().invoke(preflight.app, [*args], standalone_mode=False)


def test_the_version_is_for_the_color_that_does_not_serve_by_the_live_route(
    asked: list[Subject],
) -> None:
    command("v2", "--staging-stack", "staging")
    (subject,) = asked
    assert (subject.version, subject.color, subject.staging) == ("v2", Color.BLUE, "staging")
    assert subject.checklist == Path("releases/v2.yaml")


def test_a_line_that_is_unknown_blocks_until_it_is_accepted_with_a_reason(
    asked: list[Subject],
) -> None:
    blocked = command("v2")
    assert isinstance(blocked.exception, CouldNotFindOut)
    assert "unknown  disk                   nobody measures it" in blocked.stdout
    passed = command("v2", "--accept", "disk=measured by hand")
    assert passed.exception is None
    assert "the checklist of v2: good" in passed.stdout
    assert "accepted as unknown: measured by hand" in passed.stdout


def test_a_line_that_is_bad_can_not_be_accepted(
    asked: list[Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = Line("disk", "bad", "3 % is free\nand more")
    monkeypatch.setattr(looking, "look", lambda _subject: [bad])
    ended = command("v2", "--accept", "disk=never mind", "--json")
    assert isinstance(ended.exception, Refused)
    data = json.loads(ended.stdout)
    assert data["verdict"] == "bad"
    assert [check["name"] for check in data["checks"]] == ["disk", "workers and cron jobs"]


def test_peoples_file_is_made_without_a_look_at_anything(
    asked: list[Subject], tmp_path: Path
) -> None:
    assert command("v2", "--write-checklist").exception is None
    assert asked == []
    assert len(people.judge(tmp_path / "releases/v2.yaml", "v2")) == len(people.ITEMS)
    assert isinstance(command("v2", "--write-checklist").exception, UsageError)


@pytest.mark.parametrize("accept", ["disk", "=why", "disk="])
def test_an_acceptance_without_a_reason_is_a_usage_error(asked: list[Subject], accept: str) -> None:
    assert isinstance(command("v2", "--accept", accept).exception, UsageError)
    assert asked == []


def test_a_name_that_no_line_has_is_a_usage_error_that_names_those_there_are(
    asked: list[Subject],
) -> None:
    error = command("v2", "--accept", "dsik=typo").exception
    assert isinstance(error, UsageError)
    assert "way-back, backups, disk" in str(error)
    assert asked == [], "a typo is told before the look"
