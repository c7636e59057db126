"""Backups of one sort in a store: data first and the manifest last, so that each is whole or not.

dumps/20251014T010000Z/  owner (while it is made)  database.dump  manifest.json  tags.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic

from ops.backups.engine import Say
from ops.backups.manifest import BaseManifest, DumpManifest, M, from_bytes, to_bytes
from ops.backups.model import new_id
from ops.backups.owner import Owner
from ops.backups.store import Sink, Source, Store

OWNER: Final = "owner"
MANIFEST: Final = "manifest.json"
TAGS: Final = "tags.json"
READERS: Final = 8
"""Small files read at a time: a bucket takes its time for each."""


@dataclass(frozen=True)
class Entry(Generic[M]):
    """One that is there. `manifest` is None where it can't be read; `intact`: nobody edited it."""

    id: str
    manifest: M | None
    intact: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Shelf(Generic[M]):
    """The folder `name` of a store; each backup in it has its data in a file called `data`."""

    store: Store
    name: str
    data: str
    kind: type[M]

    def entries(self) -> list[Entry[M]]:
        """Those with a manifest, in the order of their ids."""
        there = set(self.store.names(f"{self.name}/"))
        with ThreadPoolExecutor(READERS) as readers:
            found = list(readers.map(lambda each: self._entry(each, there), _ids(there)))
        return [entry for entry in found if entry is not None]

    def last(self) -> Entry[M] | None:
        """The one with the latest id."""
        there = set(self.store.names(f"{self.name}/"))
        ids = _ids(there)
        return self._entry(ids[-1], there) if ids else None

    @contextmanager
    def new(self, moment: datetime, label: str | None) -> Iterator[str]:
        """Reserve the id of a new one; if the block fails, nothing of it stays."""
        name = self._reserve(moment, label)
        try:
            yield name
        except BaseException:
            self.store.clear(self._path(name))
            raise
        self.store.delete(self._path(name, OWNER))

    @contextmanager
    def writer(self, backup: str) -> Iterator[Sink]:
        """Where the data of a reserved one goes."""
        with self.store.writer(self._path(backup, self.data)) as sink:
            yield sink

    @contextmanager
    def reader(self, backup: str) -> Iterator[Source]:
        """The data of one. Raises FileNotFoundError."""
        with self.store.reader(self._path(backup, self.data)) as source:
            yield source

    def publish(self, manifest: M) -> None:
        """From here on it is there."""
        self.store.write(self._path(manifest.id, MANIFEST), to_bytes(manifest))

    def tag(self, backup: str, tags: Mapping[str, str]) -> None:
        """Add to the tags that came after the manifest."""
        merged = self._tags(backup) | dict(tags)
        self.store.write(self._path(backup, TAGS), json.dumps(merged, indent=2).encode() + b"\n")

    def keep(self, backup: str, name: str, content: Mapping[str, Any]) -> None:
        """Keep a report beside it."""
        self.store.write(
            self._path(backup, name), json.dumps(content, indent=2, default=str).encode() + b"\n"
        )

    def remove(self, backup: str) -> None:
        """Take one away, its manifest first, so that it is never there by halves."""
        self.store.delete(self._path(backup, MANIFEST))
        self.store.clear(self._path(backup))

    def sweep(self, say: Say) -> None:
        """Take away what killed runs left half done. What a live run is making stays."""
        groups = self.store.groups(f"{self.name}/")
        there = set(self.store.names(f"{self.name}/"))
        for group in groups:
            is_whole = self._path(group, MANIFEST) in there
            if is_whole and self._path(group, OWNER) not in there:
                continue
            owner = self._owner(group)
            if owner is not None and not owner.is_dead(datetime.now(UTC)):
                continue
            # Looked at after the owner: a run writes its manifest before it takes its mark away.
            if self._path(group, MANIFEST) in self.store.names(self._path(group)):
                self.store.delete(self._path(group, OWNER))
            else:
                self.store.clear(self._path(group))
                say(f"removed {self._path(group)} in {self.store.place}: a killed run left it")

    def _reserve(self, moment: datetime, label: str | None) -> str:
        """An id that nobody has: that of the first free second from `moment` on."""
        while True:
            name = new_id(moment, label)
            moment += timedelta(seconds=1)
            try:
                self.store.write(self._path(name, OWNER), str(Owner.me()).encode(), new=True)
            except (FileExistsError, FileNotFoundError):  # taken, or swept under our hands
                continue
            if self.store.names(self._path(name)) == [self._path(name, OWNER)]:
                return name
            self.store.delete(self._path(name, OWNER))

    def _entry(self, backup: str, there: set[str]) -> Entry[M] | None:
        try:
            data = self.store.read(self._path(backup, MANIFEST))
        except FileNotFoundError:
            return None
        manifest, intact = from_bytes(data, self.kind)
        intact = intact and manifest is not None and manifest.id == backup
        tags = self._tags(backup) if self._path(backup, TAGS) in there else {}
        return Entry(backup, manifest, intact, tags)

    def _tags(self, backup: str) -> dict[str, str]:
        try:
            found = json.loads(self.store.read(self._path(backup, TAGS)))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(key): str(value) for key, value in found.items()}

    def _owner(self, backup: str) -> Owner | None:
        try:
            mark = self.store.read(self._path(backup, OWNER)).decode(errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Owner.parse(mark)

    def _path(self, backup: str, file: str = "") -> str:
        return f"{self.name}/{backup}/{file}"


def _ids(names: set[str]) -> list[str]:
    return sorted(name.split("/")[1] for name in names if name.endswith(f"/{MANIFEST}"))


def dumps(store: Store) -> Shelf[DumpManifest]:
    """The dumps of a store."""
    return Shelf(store, "dumps", "database.dump", DumpManifest)


def bases(store: Store) -> Shelf[BaseManifest]:
    """The base backups of a store, for point in time."""
    return Shelf(store, "bases", "base.tar.gz", BaseManifest)
