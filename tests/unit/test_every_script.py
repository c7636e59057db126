"""Every command of every script, as somebody meets it whose machine is not set up."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.unit.scripts_table import (
    COMMANDS,
    FOLDER,
    IN_THE_CLUSTER,
    NAMES,
    SCRIPTS,
    commands,
    told,
)
from tests.unit.stranger import STACK, Machine, api_server_that_forbids

FINDS_OPS: Final = "sys.path[0] = str(Path(__file__).resolve().parents[1])"
WITH_ARGUMENTS: Final = [
    command for command, least in COMMANDS.items() if least and not least.startswith("--")
]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def forbidding() -> Iterator[dict[str, Any]]:
    with api_server_that_forbids() as cluster:
        yield cluster


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_its_help_is_its_own_text_with_an_example_and_all_its_commands_are_in_the_table(
    script: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert os.access(script, os.X_OK)
    assert FINDS_OPS in script.read_text()
    shown = machine.run(script, ["--help"], capsys)
    assert shown.code == 0
    about = ast.get_docstring(ast.parse(script.read_text()))
    assert about
    assert " ".join(about.split("\n\n")[0].split()) in " ".join(shown.out.split())
    assert re.search(rf"Example: \S*.*scripts/{script.name}", " ".join(shown.out.split()))
    assert {f"{script.stem} {name}".strip() for name in commands(script.stem)} <= COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_there_is_not_ends_with_2_and_is_named(
    command: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = machine.run(*told(command, "--nonsense"), capsys)
    assert (ended.code, ended.out) == (2, "")
    assert ended.last.startswith("Error: No such option: --nonsense")


@pytest.mark.parametrize("command", WITH_ARGUMENTS)
def test_without_what_it_needs_it_ends_with_2_and_says_what_that_is(
    command: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    script, *words = command.split()
    ended = machine.run(FOLDER / f"{script}.py", [*words, "--stack", STACK], capsys)
    assert (ended.code, ended.out) == (2, "")
    missing = r"(?m)^Error: Missing (argument|option)|^UsageError: (give|say) one of"
    assert re.search(missing, ended.err)


@pytest.mark.parametrize("script", [name for name in sorted(NAMES) if "" not in commands(name)])
def test_a_script_of_many_commands_ends_with_2_without_one(
    script: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = machine.run(FOLDER / f"{script}.py", [], capsys)
    assert (ended.code, ended.out) == (2, "")
    assert ended.last == "Error: Missing command."


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stack_that_there_is_not_ends_with_2_and_is_named(
    command: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = machine.run(*told(command, stack="nonesuch"), capsys)
    assert (ended.code, ended.out) == (2, "")
    assert "no stack named 'nonesuch'" in ended.last


@pytest.mark.parametrize("command", IN_THE_CLUSTER)
def test_without_a_kubeconfig_it_ends_with_2_and_says_what_to_set(
    command: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = machine.run(*told(command), capsys)
    assert (ended.code, ended.out) == (2, "")
    assert "Set KUBECONFIG" in ended.last


@pytest.mark.parametrize("command", IN_THE_CLUSTER)
def test_without_rights_it_ends_with_2_and_says_whom_the_api_server_refused(
    command: str, machine: Machine, forbidding: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    machine.let_in(forbidding)
    ended = machine.run(*told(command), capsys)
    assert (ended.code, ended.out) == (2, "")
    assert "is forbidden" in ended.last


def test_a_script_is_started_by_its_path_from_any_folder(tmp_path: Path) -> None:
    script = FOLDER / "check_background.py"
    subprocess.run([sys.executable, script, "--help"], cwd=tmp_path, check=True)


def test_the_table_has_no_command_that_went_away() -> None:
    there = {f"{script} {name}".strip() for script in NAMES for name in commands(script)}
    assert COMMANDS.keys() <= there
