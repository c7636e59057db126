"""Who makes something: a mark by which a later run tells a dead maker from a live one."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

ABANDONED_AFTER: Final = timedelta(hours=24)
"""A maker on another machine can't be looked for; after this long it is taken for dead."""
_PROC: Final = Path("/proc")
_MARK: Final = re.compile(r"([0-9a-f]{8})-(\d+)-(\d+)-(\d+)")


@dataclass(frozen=True)
class Owner:
    """One process: where its pid means something, the pid, and when it started (clock ticks)."""

    machine: str
    pid: int
    ticks: int
    since: datetime

    @classmethod
    def me(cls) -> Owner:
        """The process that asks, now."""
        pid = os.getpid()
        now = datetime.now(UTC).replace(microsecond=0)
        return cls(_machine(), pid, _ticks(pid) or 0, now)

    @classmethod
    def parse(cls, mark: str) -> Owner | None:
        """Read a mark; None for anything else."""
        found = _MARK.fullmatch(mark.strip())
        if found is None:
            return None
        pid, ticks, since = (int(part) for part in found.groups()[1:])
        return cls(found[1], pid, ticks, datetime.fromtimestamp(since, UTC))

    def __str__(self) -> str:
        return f"{self.machine}-{self.pid}-{self.ticks}-{int(self.since.timestamp())}"

    def is_dead(self, now: datetime) -> bool:
        """Whether it can't be at work any more: gone from here, or too long ago elsewhere."""
        if self.machine == _machine():
            return _ticks(self.pid) != self.ticks
        return now - self.since > ABANDONED_AFTER


def _machine() -> str:
    """Where pids are told apart: one boot of one machine, and one pid namespace in it."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        names = (_PROC / "self/ns/pid").readlink()
    except OSError:  # no Linux: pids are told apart by the host alone
        boot, names = platform.node(), Path()
    return hashlib.sha256(f"{boot} {names}".encode()).hexdigest()[:8]


def _ticks(pid: int) -> int | None:
    """When a process started; 0 where the system doesn't tell, None if there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None if _PROC.joinpath("self").exists() or not _exists(pid) else 0
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces
    return None if fields[0] in "ZX" else int(fields[19])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
