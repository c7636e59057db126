"""The folder: each piece whole or marked as not, for its owner's eyes alone, with checksums."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ops.errors import OpsError, Refused, UsageError

SUMS: Final = "SHA256SUMS"
_OURS: Final = {SUMS, "logs", "objects", "runs"}
_PART: Final = ".part"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)

Take = Callable[[BinaryIO], object]
"""Writes one piece. Raises OpsError."""


@dataclass(frozen=True)
class Folder:
    """Evidence below `path`. What is there is never written again, and never lost."""

    path: Path

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder, or go on with it, alone. Raises UsageError and Refused.

        What a run that was killed had begun is kept as `NAME.incomplete-NUMBER`.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise UsageError(f"{self.path} can't be written to: {error}") from error
        try:
            self._lock(handle)
            self._require_ours()
            self._require_same()
            for part in sorted(self.path.rglob(f"*{_PART}")):
                _set_aside(part)
            yield
        finally:
            os.close(handle)

    def has(self, name: str) -> bool:
        """Whether the piece is there, whole."""
        return (self.path / name).exists()

    def keep(self, name: str, take: Take) -> None:
        """Write a piece that is not there. Raises what `take` raises, and Refused for no room.

        What came until then is kept, marked as incomplete.
        """
        final = self.path / name
        part = final.with_name(final.name + _PART)
        try:
            final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(part, "xb", opener=_private) as file:
                take(file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            _set_aside(part)
            if error.errno in _NO_ROOM:
                raise Refused(
                    f"no room left in {self.path}: make some, and run it again"
                ) from error
            raise UsageError(f"{final} can't be written: {error}") from error
        except OpsError:
            _set_aside(part)
            raise
        part.chmod(0o400)
        part.replace(final)

    def seal(self) -> int:
        """Write the checksums of all files, for `sha256sum --check`; how many there are."""
        sums = {str(path.relative_to(self.path)): _digest(path) for path in self._files()}
        part = self.path / f"{SUMS}{_PART}"
        with open(part, "wb", opener=_private) as file:
            file.write("".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode())
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o400)
        part.replace(self.path / SUMS)
        return len(sums)

    def _lock(self, handle: int) -> None:
        """The lock goes with the process, however that ends."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(f"another run keeps evidence in {self.path} now: wait for it") from error

    def _require_ours(self) -> None:
        inside = sorted(each.name for each in self.path.iterdir())
        if inside and not _OURS & set(inside):
            raise UsageError(
                f"{self.path} has other things in it ({inside[0]}): give a folder that is new, or "
                "one with evidence that an earlier run has begun"
            )
        self.path.chmod(0o700)

    def _require_same(self) -> None:
        """Evidence that changed is none: raise Refused."""
        sums = self.path / SUMS
        if not sums.exists():
            return
        for line in sums.read_text().splitlines():
            digest, _, name = line.partition("  ")
            file = self.path / name
            if not file.is_file() or _digest(file) != digest:
                raise Refused(
                    f"{file} is not what {SUMS} says: somebody changed or took it. Keep this "
                    "folder as it is, and give another one"
                )

    def _files(self) -> Iterator[Path]:
        for path in sorted(self.path.rglob("*")):
            if path.is_file() and path.suffix != _PART and path != self.path / SUMS:
                yield path


def _set_aside(part: Path) -> None:
    """Keep what was begun under a name that nobody takes for the whole."""
    if not part.exists():
        return
    begun = part.with_name(part.name.removesuffix(_PART))
    number = 1
    while (aside := begun.with_name(f"{begun.name}.incomplete-{number}")).exists():
        number += 1
    part.chmod(0o400)
    part.rename(aside)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
