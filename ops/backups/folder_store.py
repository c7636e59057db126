"""A store in a folder of this machine, readable by its owner alone."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ops.backups.store import CHUNK
from ops.errors import Refused, UsageError

_PART: Final = ".part"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
_NO_ACCESS: Final = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


@dataclass(frozen=True)
class FolderStore:
    """Files in `folder`, which is made when it is first written to."""

    folder: Path

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def names(self, prefix: str = "") -> list[str]:
        """See `Store`."""
        above = self.folder / prefix.rpartition("/")[0]
        found = []
        with self._reading():
            for root, _, files in os.walk(above, onerror=_unless_missing):
                found += [Path(root, file) for file in files if not file.endswith(_PART)]
        names = (str(path.relative_to(self.folder)) for path in found)
        return sorted(name for name in names if name.startswith(prefix))

    def groups(self, prefix: str) -> list[str]:
        """See `Store`."""
        above = self.folder / prefix
        with self._reading():
            return sorted(path.name for path in above.iterdir()) if above.is_dir() else []

    def size(self, name: str) -> int:
        """See `Store`."""
        with self._reading():
            return (self.folder / name).stat().st_size

    def read(self, name: str) -> bytes:
        """See `Store`."""
        with self._reading():
            return (self.folder / name).read_bytes()

    @contextmanager
    def reader(self, name: str) -> Iterator[BinaryIO]:
        """See `Store`."""
        with self._reading(), (self.folder / name).open("rb", buffering=CHUNK) as file:
            yield file

    def write(self, name: str, data: bytes, *, new: bool = False) -> None:
        """See `Store`."""
        with self._written(name, new=new) as file:
            file.write(data)

    @contextmanager
    def writer(self, name: str) -> Iterator[BinaryIO]:
        """See `Store`."""
        with self._written(name, new=False) as file:
            yield file

    def delete(self, name: str) -> None:
        """See `Store`."""
        (self.folder / name).unlink(missing_ok=True)

    def clear(self, prefix: str) -> None:
        """See `Store`."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder / prefix)

    def require_room(self, size: int) -> None:
        """See `Store`."""
        there = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        stat = os.statvfs(there)
        free = stat.f_bavail * stat.f_frsize
        if free < size:
            raise Refused(
                f"{self.folder} has {free:,} bytes free, and about {size:,} are needed; nothing "
                "was written. Make room there, or point backups.store to another place"
            )

    @contextmanager
    def _written(self, name: str, *, new: bool) -> Iterator[BinaryIO]:
        """A file beside the final one, put in its place when it is whole and on the disk."""
        final = self.folder / name
        part = final.with_name(f".{final.name}.{secrets.token_hex(4)}{_PART}")
        try:
            final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            with open(part, "xb", opener=_private) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if new:
                os.link(part, final)
                part.unlink()
            else:
                part.replace(final)
            _sync(final.parent)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise Refused(
                    f"no room left in {self.folder} while writing {name}; what was written of it "
                    "is gone again. Make room there, then run the same command again"
                ) from error
            if isinstance(error, OSError) and error.errno in _NO_ACCESS:
                raise self._unusable(error) from error
            raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What may not be read is no empty store."""
        try:
            yield
        except PermissionError as error:
            raise UsageError(f"reading {self.folder} is not allowed: {error}") from error

    def _unusable(self, error: OSError) -> UsageError:
        return UsageError(f"writing to {self.folder} is not possible: {error}")


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """Make a rename last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
