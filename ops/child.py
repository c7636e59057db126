"""A program run to its end with its lines shown as they come; it never outlives its time.

It has a process group of its own: an interrupt reaches it once, by us, and it can end tidily.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

LAST_LINES: Final = 30
PATIENCE_SECONDS: Final = (30.0, 10.0)
"""After a first interrupt, and after a second one; then it is killed."""

_Lines = queue.SimpleQueue[str | None]


@dataclass(frozen=True)
class Ended:
    """How it ended: the exit code, None where it had to be stopped; and its last lines."""

    code: int | None
    last: str


def run(argv: Sequence[str], folder: Path, show: Callable[[str], None], seconds: float) -> Ended:
    """Run it in `folder` for at most so long; each line goes to `show`, standard error's too.

    Whatever ends this, the program is ended first. Raises FileNotFoundError where there is none.
    """
    deadline = time.monotonic() + seconds
    child = subprocess.Popen(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    )
    lines: _Lines = queue.SimpleQueue()
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    last: deque[str] = deque(maxlen=LAST_LINES)
    code: int | None = None
    try:
        while (line := lines.get(timeout=_left(deadline))) is not None:
            show(line)
            if line.strip():
                last.append(line)
        code = child.wait(_left(deadline))
    except (queue.Empty, TimeoutError, subprocess.TimeoutExpired):
        code = None
    finally:
        _stop(child, show)
    return Ended(code, "\n".join(last))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read(pipe: IO[str], lines: _Lines) -> None:
    """Beside the run: a pipe that a grandchild keeps open has no end."""
    with pipe:
        for line in pipe:
            lines.put(line.rstrip())
    lines.put(None)


def _stop(child: subprocess.Popen[str], show: Callable[[str], None]) -> None:
    """Interrupt it as somebody at a keyboard would, and once more; then kill it."""
    if child.poll() is not None:
        return
    told = f"ending it tidily, which may take {sum(PATIENCE_SECONDS):g} s"
    try:
        for seconds in PATIENCE_SECONDS:
            os.killpg(child.pid, signal.SIGINT)
            # Where that goes may be what has died: it is told, and waited for, all the same.
            with suppress(OSError):
                show(told)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                told = "it has not ended yet, and is told once more"
                continue
            return
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
