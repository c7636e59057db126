"""Archived WAL: which segments are there, which are missing, and up to when they reach."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ops.backups import programs, streams
from ops.backups.store import Store

_SEGMENT: Final = re.compile(r"[0-9A-F]{24}")
_COMMIT: Final = re.compile(r"COMMIT(?:_PREPARED)? .*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC")
_LOG: Final = 1 << 32
"""WAL is numbered in logs of 4 GB, and these in segments."""


@dataclass(frozen=True)
class Archive:
    """The place that archive_command fills, uncompressed and under the segments' own names."""

    store: Store

    def names(self) -> list[str]:
        """The segments that are there, in order; of each timeline its own."""
        return [name for name in self.store.names() if _SEGMENT.fullmatch(name)]

    def histories(self) -> list[str]:
        """The files that say which timeline came from which."""
        return [name for name in self.store.names() if name.endswith(".history")]

    def last_commit(self, names: list[str], major: int) -> datetime | None:
        """The time of the last commit in the segments, looked for from their end."""
        program = programs.find("pg_waldump", major, exact=True)
        with tempfile.TemporaryDirectory(prefix="legal-ai-wal-") as folder:
            for name in reversed(names):
                found = _commits(program.path, self._local(name, Path(folder)))
                if found:
                    return max(found)
        return None

    def stage(self, names: list[str], folder: Path) -> None:
        """Copy segments into `folder`."""
        for name in names:
            with self.store.reader(name) as source, (folder / name).open("wb") as file:
                streams.pump(source, [file])

    def prune(self, first: str, segment_bytes: int) -> int:
        """Delete what is older than the segment `first`; returns how many segments."""
        old = older_than(self.names(), first, segment_bytes)
        for name in old:
            self.store.delete(name)
        return len(old)

    def _local(self, name: str, folder: Path) -> Path:
        if self.store.folder is not None:
            return self.store.folder / name
        self.stage([name], folder)
        return folder / name


def number(name: str, segment_bytes: int) -> int:
    """The place of a segment in the whole of WAL; the same on every timeline."""
    return int(name[8:16], 16) * (_LOG // segment_bytes) + int(name[16:24], 16)


def since(names: list[str], first: str, segment_bytes: int) -> list[str]:
    """The segments from `first` on, timelines before its own left out."""
    begin = number(first, segment_bytes)
    return [
        name for name in names if name[:8] >= first[:8] and number(name, segment_bytes) >= begin
    ]


def older_than(names: list[str], first: str, segment_bytes: int) -> list[str]:
    """The segments that nothing from `first` on needs."""
    begin = number(first, segment_bytes)
    return [name for name in names if number(name, segment_bytes) < begin]


def gap(names: list[str], first: str, segment_bytes: int) -> str | None:
    """The first segment that is missing between `first` and the newest, None if none is."""
    there = {number(name, segment_bytes) for name in since(names, first, segment_bytes)}
    begin = number(first, segment_bytes)
    for wanted in range(begin, max(there, default=begin) + 1):
        if wanted not in there:
            log, segment = divmod(wanted, _LOG // segment_bytes)
            return f"{first[:8]}{log:08X}{segment:08X}"
    return None


def _commits(program: Path, segment: Path) -> list[datetime]:
    """The times of the commits in one segment.

    pg_waldump fails where a record goes on in the next segment: what it printed before counts.
    """
    done = subprocess.run(
        [program, "--rmgr=Transaction", segment],
        env={"TZ": "UTC", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    return [
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in _COMMIT.findall(done.stdout)
    ]
