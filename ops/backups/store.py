"""Where files are kept: a folder, or a prefix of an S3 bucket; what is written appears whole."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

CHUNK: Final = 1 << 20
"""How much is read or written at a time, so that memory does not grow with what is kept."""


class Source(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class Sink(Protocol):
    """What is written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""
        ...


class Store(Protocol):
    """Files by names with `/` in them. Raises Refused for no room, UsageError for no access."""

    @property
    def place(self) -> str:
        """As people give it."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where the files are on this machine, if they are."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """The whole files whose names begin so, in order of their names."""
        ...

    def groups(self, prefix: str) -> list[str]:
        """What is directly below a prefix that ends with `/`: names up to the next `/`, once each.

        Those too in which nothing is whole yet.
        """
        ...

    def size(self, name: str) -> int:
        """Bytes. Raises FileNotFoundError."""
        ...

    def read(self, name: str) -> bytes:
        """A small file. Raises FileNotFoundError."""
        ...

    def reader(self, name: str) -> AbstractContextManager[Source]:
        """A file of any size. Raises FileNotFoundError."""
        ...

    def write(self, name: str, data: bytes, *, new: bool = False) -> None:
        """Write a small file whole. `new`: raises FileExistsError if there is one already."""
        ...

    def writer(self, name: str) -> AbstractContextManager[Sink]:
        """Write a file of any size; it is there once the block ends, and not at all if it fails."""
        ...

    def delete(self, name: str) -> None:
        """Delete a file; nothing to do where there is none."""
        ...

    def clear(self, prefix: str) -> None:
        """Delete everything below a prefix that ends with `/`, what is half written included."""
        ...

    def require_room(self, size: int) -> None:
        """Raise Refused if `size` more bytes would not fit."""
        ...
