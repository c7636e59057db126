"""Bytes on their way: pumped without being kept, hashed as they pass, told of now and then."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops.backups.engine import Say
from ops.backups.store import CHUNK, Sink, Source

SAY_SECONDS: Final = 2.0


def pump(source: Source, sinks: Sequence[Sink], progress: Progress | None = None) -> int:
    """Write all of `source` to each sink; returns the bytes. Memory stays as it is."""
    total = 0
    while data := source.read(CHUNK):
        for sink in sinks:
            sink.write(data)
        total += len(data)
        if progress is not None:
            progress.at(total)
    return total


@dataclass
class Progress:
    """Says how far something is, now and then. `total` is an estimate in bytes."""

    say: Say
    what: str
    total: int
    _next: float = 0.0

    def at(self, done: int) -> None:
        """Say so, if it is time to."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SAY_SECONDS
            self.say(f"{self.what}: {size(done)} of about {size(self.total)}")


class Digest:
    """A sink that takes the SHA-256 of what passes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Take `data` in."""
        self._hash.update(data)

    @property
    def text(self) -> str:
        """The digest so far, in hex."""
        return self._hash.hexdigest()


def size(count: int) -> str:
    """Bytes as people read them: `512 bytes`, `1.2 GB`."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
