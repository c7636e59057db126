"""Daemons: start in a session of their own, recognise them later, stop exactly those.

A pid file holds pid, start time (clock ticks since boot) and boot id, so that a recycled pid is
never taken for ours. The process writes it itself before it becomes the program.
"""

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
BOOT_ID = PROC / "sys/kernel/random/boot_id"
LOG_LIMIT_BYTES = 20_000_000
# comm is "sh" here, so field 22 of stat is the start time; exec keeps pid and start time.
RECORD_THEN_EXEC = (
    "read -r stat < /proc/$$/stat; file=$0; boot=$1; shift; "
    'ticks=$(echo "$stat" | cut -d" " -f22); '
    'echo "$$ $ticks $boot" > "$file.new" && mv "$file.new" "$file" && exec "$@"'
)


@dataclass(frozen=True)
class Recorded:
    """A process as its pid file names it."""

    pid: int
    started: int
    boot: str


def parse(text: str) -> Recorded | None:
    """Read a pid file's text; None for anything else."""
    words = text.split()
    if len(words) != 3 or not (words[0].isdigit() and words[1].isdigit()):
        return None
    return Recorded(int(words[0]), int(words[1]), words[2])


def stat_fields(pid: int) -> tuple[str, int] | None:
    """Return state and start time (ticks) of `pid`; None when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces
    return fields[0], int(fields[19])


def recorded(pid_file: Path) -> Recorded | None:
    """Return the process of `pid_file` if it still runs and is the very one recorded."""
    try:
        record = parse(pid_file.read_text())
    except FileNotFoundError:
        return None
    if record is None or record.boot != BOOT_ID.read_text().strip():
        return None
    stat = stat_fields(record.pid)
    if stat is None or stat[0] in "ZX" or stat[1] != record.started:
        return None
    return record


def start(
    pid_file: Path, log: Path, argv: Sequence[str], env: Mapping[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    """Start `argv` as a daemon that outlives us; its output goes to the end of `log`."""
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    boot = BOOT_ID.read_text().strip()
    with log.open("ab") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", RECORD_THEN_EXEC, str(pid_file), boot, *argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def stop(pid_file: Path, first: signal.Signals, grace_seconds: float) -> bool:
    """Send `first`, after `grace_seconds` SIGKILL; return once it is gone, and whether it ran."""
    record = recorded(pid_file)
    stopped = False
    if record is not None:
        try:
            handle = os.pidfd_open(record.pid)
        except ProcessLookupError:
            handle = -1
        # Asked again with the handle held: from here on it can't be another process.
        if handle >= 0 and recorded(pid_file) == record:
            stopped = True
            _signal(handle, first)
            if not _gone(handle, grace_seconds):
                _signal(handle, signal.SIGKILL)
                _gone(handle, 10)
        if handle >= 0:
            os.close(handle)
    pid_file.unlink(missing_ok=True)
    return stopped


def send(pid_file: Path, which: signal.Signals) -> bool:
    """Send a signal to the process of `pid_file`; return whether there is one."""
    record = recorded(pid_file)
    if record is None:
        return False
    try:
        handle = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return False
    try:
        # Asked again with the handle held: from here on it can't be another process.
        if recorded(pid_file) != record:
            return False
        _signal(handle, which)
    finally:
        os.close(handle)
    return True


def _signal(handle: int, which: signal.Signals) -> None:
    """Signal the process of a pidfd, unless it has just ended."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, which)


def _gone(handle: int, seconds: float) -> bool:
    """Wait for the process of a pidfd to end; a zombie counts as ended."""
    ready, _, _ = select.select([handle], [], [], seconds)
    return bool(ready)


def log_tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented; says so when there are none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        text = ""
    found = text.strip().splitlines()[-lines:] or ["(nothing)"]
    return "\n".join(f"    {line}" for line in found)
