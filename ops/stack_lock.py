"""A stack's lock: who holds it by Pulumi's own words, whether they live, and what to do then."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_LOCKED: Final = ("currently locked", "Another update is currently in progress")
"""What Pulumi says with a backend of files, and with its service."""
_OWNER: Final = re.compile(r"created by \S+@(\S+) \(pid (\d+)\)")
PROC: Final = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """The process that took the lock."""

    host: str
    pid: int

    @property
    def is_here(self) -> bool:
        """Whether it ran on this machine, where it can be looked for."""
        return self.host == socket.gethostname() and PROC.exists()

    @property
    def is_dead(self) -> bool:
        """Whether it certainly is."""
        return self.is_here and not is_pulumi(self.pid)

    def __str__(self) -> str:
        if not self.is_here:
            told = f"which can't be seen from this machine, {socket.gethostname()}"
        elif self.is_dead:
            told = "which is certainly dead"
        else:
            told = "which is alive"
        return f"pid {self.pid} on {self.host}, {told}"


@dataclass(frozen=True)
class Lock:
    """A lock that kept a command out. Pulumi's service does not say who the owners are."""

    owners: tuple[Owner, ...]

    @classmethod
    def of(cls, told: str) -> Self | None:
        """The lock that a failed command told of; None if it failed for another reason."""
        if not any(words in told for words in _LOCKED):
            return None
        return cls(tuple(Owner(host, int(pid)) for host, pid in _OWNER.findall(told)))

    @property
    def is_left_behind(self) -> bool:
        """Whether every owner is certainly dead."""
        return bool(self.owners) and all(owner.is_dead for owner in self.owners)

    def advice(self, stack: str) -> str:
        """What to do, by who holds it."""
        cancel = f"`pulumi cancel --yes --stack {stack}`"
        if self.is_left_behind:
            return f"Clear it by the same command with --clear-lock, or by {cancel}"
        if any(owner.is_here and not owner.is_dead for owner in self.owners):
            return "Wait for its end, then run the same command again; a live owner's lock stays"
        return (
            "Look there. While it lives, wait for its end and run the same command again; once you "
            f"are sure that it is dead: {cancel}. --clear-lock leaves it alone"
        )

    def __str__(self) -> str:
        return "; ".join(map(str, self.owners)) or "an owner whom the backend does not name"


def is_pulumi(pid: int) -> bool:
    """Whether `pid` is alive and is a pulumi command, not another program with a recycled pid."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    name, state = stat.partition("(")[2].rpartition(")")[::2]
    return name == "pulumi" and state.split()[0] not in "ZX"
