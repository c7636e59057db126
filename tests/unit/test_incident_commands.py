"""What the incident's commands refuse before they ask or change anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.stranger import ROOT, Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path, monkeypatch)
    # Whoever asks for the stack's outputs fails by another sentence.
    (tmp_path / "outputs.json").write_text("{}")
    return made


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("clear_cache --prefix legal-ai:", "must begin with legal-ai:cache:"),
        ("clear_cache --prefix legal-ai:maintenance", "must begin with legal-ai:cache:"),
        ("clear_cache --prefix *", "must begin with legal-ai:cache:"),
        ("clear_cache --sessions --prefix legal-ai:cache:", "one at a time"),
        ("logs --grep [", "is no regular expression"),
        ("logs --since yesterday", "write 90s, 15m, 1h or 2d"),
        ("logs --follow --previous", "what has ended can't be followed"),
        ("incident evidence --into e --since 1w", "write 90s, 15m, 1h or 2d"),
        ("incident isolate why --yes-isolate production", "the stack is local"),
        ("incident isolate . --yes-isolate local", "reason"),
        ("incident declare .", "title"),
        ("incident assess --dependency example.com", "https://"),
    ],
)
def test_what_is_not_meant_so_is_refused_before_anything_is_asked(
    command: str, told: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    script, *words = command.split()
    words = [" " if word == "." else word for word in words]
    ended = machine.run(ROOT / "scripts" / f"{script}.py", [*words, "--stack", "local"], capsys)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err.lower() or told in ended.err
