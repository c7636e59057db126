"""The list of what is later, kept: one JSON line a row, compressed, whole or not there at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ops.restore.later import Write

if TYPE_CHECKING:
    from ops.backups.store import Sink, Store
    from ops.restore.journal import Entry

FOLDER: Final = "restores"


def name(entry: Entry) -> str:
    """Its name in the store."""
    return f"{FOLDER}/{entry.id}/later.jsonl.gz"


@contextmanager
def writer(store: Store, entry: Entry) -> Iterator[Write]:
    """Takes lines; the file is there once the block ends. Its first line names the restore."""
    store.clear(f"{FOLDER}/{entry.id}/")  # what a killed run left
    with (
        store.writer(name(entry)) as sink,
        gzip.GzipFile(fileobj=_File(sink), mode="wb", mtime=0) as file,
    ):
        about = {"restore": entry.id, "old": entry.old, "new": entry.target, "at": entry.at}
        file.write(json.dumps(about).encode() + b"\n")
        yield lambda line: file.write(line.encode())


class _File:
    """A sink with what gzip wants of a file besides."""

    def __init__(self, sink: Sink) -> None:
        self.write = sink.write

    def flush(self) -> None:
        """Nothing: the sink does so at its end."""
