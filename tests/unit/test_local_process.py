"""A daemon is known by pid, start time and boot: only what we started is ever stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import process
from tests.waiting import until

ENDLESS = [sys.executable, "-c", "import time; time.sleep(600)"]


def start(folder: Path, argv: list[str]) -> subprocess.Popen[bytes]:
    child = process.start(folder / "x.pid", folder / "x.log", argv, dict(os.environ), folder)
    until((folder / "x.pid").exists, lambda: f"it runs\n{process.log_tail(folder / 'x.log')}")
    return child


def test_a_started_daemon_is_recognised_and_stopped(tmp_path: Path) -> None:
    child = start(tmp_path, ENDLESS)
    found = process.recorded(tmp_path / "x.pid")
    assert found is not None
    assert found.pid == child.pid
    assert os.getsid(child.pid) == child.pid  # Ctrl-C in our terminal does not reach it
    assert process.stop(tmp_path / "x.pid", signal.SIGTERM, 10)
    assert child.wait(10) == -signal.SIGTERM
    assert not (tmp_path / "x.pid").exists()


def test_arguments_with_spaces_and_quotes_arrive_as_they_are(tmp_path: Path) -> None:
    child = start(tmp_path, [sys.executable, "-c", "import sys; print(sys.argv[1:])", "a b", "'$c"])
    child.wait(10)
    assert (tmp_path / "x.log").read_text() == """['a b', "'$c"]\n"""


@pytest.mark.parametrize("field", [1, 2])
def test_a_recycled_pid_is_left_alone(tmp_path: Path, field: int) -> None:
    child = start(tmp_path, ENDLESS)
    words = (tmp_path / "x.pid").read_text().split()
    words[field] = str(int(words[1]) + 1) if field == 1 else "another-boot"
    (tmp_path / "x.pid").write_text(" ".join(words))
    assert process.recorded(tmp_path / "x.pid") is None
    assert not process.stop(tmp_path / "x.pid", signal.SIGKILL, 1)
    assert child.poll() is None
    child.kill()
    child.wait()


def test_a_daemon_that_ignores_the_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    child = start(tmp_path, [sys.executable, "-c", f"{deaf}; time.sleep(600)"])
    until((tmp_path / "x.log").read_text, "it is deaf", alive=lambda: child.poll() is None)
    assert process.stop(tmp_path / "x.pid", signal.SIGTERM, 0.2)
    assert child.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("text", ["", "12", "12 x boot", "garbage in here now"])
def test_a_broken_pid_file_names_nobody(text: str) -> None:
    assert process.parse(text) is None
