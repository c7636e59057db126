"""A terminal that is gone and a dead `| tee`: what is being done goes on, or ends tidily."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.stack import ROOT

BEGIN = """import fcntl, signal, sys, termios, threading
# As in a terminal, also where the tests themselves run in the background of a shell.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from pathlib import Path
from ops import child
from ops.errors import CouldNotFindOut
from scripts.console import application, main, say, show
app = application("Help.")
tidy = '''import signal, time
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.2)
    open("tidied", "w").close()
'''
"""


@dataclass
class Script:
    """A script of the project, its output to be set; `act` is the body of its only command."""

    folder: Path

    def start(self, act: str, output: int, *, of_terminal: bool = False) -> "subprocess.Popen[str]":
        took = "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n" if of_terminal else ""
        body = "".join(f"    {line}\n" for line in act.splitlines())
        text = f"{BEGIN}{took}@app.command()\ndef run() -> None:\n{body}main(app)\n"
        return subprocess.Popen(
            [sys.executable, "-c", text],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=output if of_terminal else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )

    def is_there(self, name: str) -> bool:
        return (self.folder / name).exists()


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.fixture
def dead_pipe() -> Iterator[int]:
    """What is written there has no reader."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize(
    ("ends", "code"),
    [("show('done', as_json=False, text='done')", 0), ("show([1], as_json=True)", 0)],
)
def test_a_dead_pipe_keeps_nothing_from_being_done(
    script: Script, dead_pipe: int, ends: str, code: int
) -> None:
    act = f"say('going back')\nsay('going back')\nPath('done').touch()\n{ends}"
    assert script.start(act, dead_pipe).wait() == code
    assert script.is_there("done")


def test_a_dead_pipe_changes_no_exit_code(script: Script, dead_pipe: int) -> None:
    assert script.start("raise CouldNotFindOut('no answer')", dead_pipe).wait() == 3


def test_a_dead_pipe_does_not_end_a_thread(script: Script, dead_pipe: int) -> None:
    act = """def renew():
    say('no answer')
    Path('renewed').touch()
renewing = threading.Thread(target=renew)
renewing.start()
renewing.join()"""
    assert script.start(act, dead_pipe).wait() == 0
    assert script.is_there("renewed")


def test_an_interrupt_that_kills_tee_too_lets_the_program_end_tidily(script: Script) -> None:
    read, write = os.pipe()
    run = script.start("child.run([sys.executable, '-c', tidy], Path.cwd(), say, 60.0)", write)
    os.close(write)
    with os.fdopen(read) as tee:
        assert tee.readline() == "ready\n"
    run.send_signal(signal.SIGINT)
    assert run.wait() == 130
    assert script.is_there("tidied")


def test_a_terminal_that_goes_away_lets_the_program_end_tidily(script: Script) -> None:
    ours, theirs = os.openpty()
    act = "child.run([sys.executable, '-c', tidy], Path.cwd(), say, 60.0)"
    run = script.start(act, theirs, of_terminal=True)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        assert terminal.readline().strip() == b"ready"
    assert run.wait() == 130
    assert script.is_there("tidied")


def test_a_second_hangup_does_not_cut_short_what_ends_tidily(script: Script) -> None:
    """The shell passes it on, and at its end the kernel does."""
    read, write = os.pipe()
    act = "child.run([sys.executable, '-c', tidy], Path.cwd(), say, 60.0)"
    run = script.start(act, write)
    os.close(write)
    with os.fdopen(read) as lines:
        assert lines.readline() == "ready\n"
        run.send_signal(signal.SIGHUP)
        assert "ending it tidily" in lines.readline()
        run.send_signal(signal.SIGHUP)
        assert "run the same command again" in lines.readline()
    assert run.wait() == 130
    assert script.is_there("tidied")
