"""A program whose lines are shown: its end, its time, and an interrupt of whoever waits for it."""

import errno
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import child

LONG = 60.0
STUBBORN = """import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: print("told", flush=True))
print("ready", flush=True)
while True:
    time.sleep(1)
"""
TIDY = """import time
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    open("tidied", "w").close()
"""


def test_lines_are_shown_as_they_come_and_the_last_ones_kept(tmp_path: Path) -> None:
    seen: list[str] = []
    ended = child.run(["sh", "-c", "seq 40; echo >&2; echo end >&2"], tmp_path, seen.append, LONG)
    assert (ended.code, seen[0], seen[-1]) == (0, "1", "end")
    assert ended.last.split() == [*map(str, range(12, 41)), "end"]


def test_an_exit_code_is_told(tmp_path: Path) -> None:
    assert child.run(["sh", "-c", "exit 7"], tmp_path, print, LONG).code == 7


def test_it_ends_though_a_grandchild_keeps_its_output_open(tmp_path: Path) -> None:
    ended = child.run(["sh", "-c", "sleep 60 & echo $!"], tmp_path, print, 1.0)
    assert ended.code is None
    subprocess.run(["kill", ended.last], check=False)


def test_one_that_does_not_end_for_an_interrupt_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "PATIENCE_SECONDS", (0.2, 0.2))
    ended = child.run([sys.executable, "-c", STUBBORN], tmp_path, print, 2.0)
    assert ended.code is None
    assert "ready" in ended.last


@pytest.fixture
def heard() -> Iterator[None]:
    """An interrupt is heard, also where the tests themselves run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_an_interrupt_lets_the_program_tidy_up_before_it_is_passed_on(tmp_path: Path) -> None:
    def interrupted(line: str) -> None:
        if line == "ready":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        child.run([sys.executable, "-c", TIDY], tmp_path, interrupted, LONG)
    assert (tmp_path / "tidied").exists()


@pytest.mark.usefixtures("heard")
def test_it_ends_tidily_though_nobody_can_be_told(tmp_path: Path) -> None:
    def interrupted(line: str) -> None:
        if line == "ready":
            signal.raise_signal(signal.SIGINT)
        raise OSError(errno.EIO, "the terminal is gone")

    with pytest.raises(KeyboardInterrupt):
        child.run([sys.executable, "-c", TIDY], tmp_path, interrupted, LONG)
    assert (tmp_path / "tidied").exists()


def test_a_program_that_there_is_not_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        child.run(["/no/such/program"], tmp_path, print, LONG)
