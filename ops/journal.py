"""A journal in a ConfigMap: one operation open at a time, those that are over as its history.

Each write names the version that was read, and carries a word of its own: a run which lost the
journal to another one (a laptop that slept) stops at its next step, also where both write alike.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ops import invalid
from ops.cluster import Conflict
from ops.errors import CouldNotFindOut, Refused

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

KEPT: Final = 20
"""How many finished operations are remembered."""
TRIES: Final = 3
"""How often a write is tried where earlier ones of the same run came through unseen."""


class JournalEntry(BaseModel):
    """One operation. What a newer release of this code has written besides is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def updated(self, **changes: Any) -> Self:
        """The same with other values. Raises TypeError for what no field is called."""
        if unknown := changes.keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return self.model_copy(update=changes)


E = TypeVar("E", bound=JournalEntry)


class TakenOver(Refused):
    """Another run has the journal: this one has nothing more to do, and nothing to undo."""


@dataclass(frozen=True)
class Kept(Generic[E]):
    """What such a ConfigMap holds: how it is called, the type of an entry, who tells more."""

    name: str
    entry: type[E]
    see: str
    """The command that shows the state, for messages."""


@dataclass(frozen=True)
class _State(Generic[E]):
    version: str
    entry: E | None
    history: tuple[E, ...]
    writer: str = ""


class ClusterJournal(Generic[E]):
    """The journal as a ConfigMap: keys `open` and `history`, both JSON, and `writer`.

    `writer` is another word at each write. By it a write whose answer was lost is known again, and
    by it every write is one: a patch that changes nothing leaves the version as it was.
    """

    def __init__(self, cluster: Cluster, kept: Kept[E]) -> None:
        self._cluster = cluster
        self._kept = kept
        self._state: _State[E] | None = None
        self._me, self._writes = uuid.uuid4().hex, itertools.count(1)

    def read(self) -> E | None:
        """The open one, None where none is."""
        self._state = self._load()
        return self._state.entry

    def read_own(self) -> E | None:
        """The open one, read anew, where this run was the last to write it; else None.

        What another run has written meanwhile stays its own: this one is as fenced as before.
        """
        found = self._load()
        if not found.writer.startswith(self._me):
            return None
        self._state = found
        return found.entry

    def history(self) -> list[E]:
        """Those that are over, oldest first."""
        return list(self._load().history)

    def both(self) -> tuple[E | None, list[E]]:
        """The open one and those that are over, as they stand at one moment."""
        found = self._load()
        return found.entry, list(found.history)

    def write(self, entry: E) -> None:
        """Keep the open one. Raises TakenOver if another run wrote since it was read."""
        self._put(lambda known: replace(known, entry=entry))

    def close(self, entry: E) -> None:
        """It is over: into the history. Raises TakenOver as `write`."""
        self._put(lambda known: replace(known, entry=None, history=(*known.history, entry)[-KEPT:]))

    def fence(self) -> None:
        """Write once more what stands, before an act. Raises TakenOver as `write`."""
        self._put(lambda known: known)

    def _known(self) -> _State[E]:
        if self._state is None:
            self._state = self._load()
        if not self._state.version:
            self._cluster.put_config_map(self._kept.name, {})
            found = self._load()
            if found.entry is not None:
                raise TakenOver(f"another {self._kept.name} was begun this moment: {found.entry}")
            self._state = found
        return self._state

    def _load(self) -> _State[E]:
        found = self._cluster.get("ConfigMap", self._kept.name)
        return _State("", None, ()) if found is None else _parse(found, self._kept)

    def _put(self, change: Callable[[_State[E]], _State[E]]) -> None:
        known = self._known()
        for _ in range(TRIES):
            state = replace(change(known), writer=f"{self._me}-{next(self._writes)}")
            written, is_ours = self._try(state)
            if is_ours:
                self._state = written
                return
            # One of this run's own, whose answer was lost for good: nobody else wrote since. What
            # that one has closed stays closed.
            is_over = written.entry is None and known.entry is not None
            if is_over or not written.writer.startswith(self._me):
                raise TakenOver(
                    "another run has written the journal since this one read it "
                    f"({written.entry or 'it closed it'}): this one stops here, having changed "
                    f"nothing since its last step. See {self._kept.see}"
                )
            known = written
        raise CouldNotFindOut(
            f"the ConfigMap {self._kept.name} was not written: at each of {TRIES} tries an earlier "
            "write of this run came in between. Run the same command again"
        )

    def _try(self, state: _State[E]) -> tuple[_State[E], bool]:
        """What stands after one try to write it, and whether that is what this try wrote."""
        name = self._kept.name
        patch: Body = {"metadata": {"resourceVersion": state.version}, "data": _data(state)}
        try:
            return _parse(self._cluster.patch("ConfigMap", name, patch), self._kept), True
        except Conflict:
            found = self._load()
            # An answer that was lost on its way looks like somebody else's write: it was ours.
            return found, replace(found, version=state.version) == state


def _data(state: _State[E]) -> Mapping[str, str | None]:
    return {
        # None takes the key away.
        "open": None if state.entry is None else state.entry.model_dump_json(),
        "history": json.dumps([entry.model_dump(mode="json") for entry in state.history]),
        "writer": state.writer,
    }


def _parse(body: Body, kept: Kept[E]) -> _State[E]:
    data = body.get("data") or {}
    try:
        entry = kept.entry.model_validate_json(data["open"]) if data.get("open") else None
        history = tuple(
            kept.entry.model_validate(each) for each in json.loads(data.get("history", "[]"))
        )
    except (ValidationError, ValueError, TypeError) as error:
        raise CouldNotFindOut(
            f"the ConfigMap {kept.name} stands but can't be understood ({_wrong(error)}). See "
            f"`kubectl get configmap {kept.name} -o yaml`; a {kept.name} may be half done, so mend "
            "it, and don't delete it"
        ) from error
    version = str(body["metadata"]["resourceVersion"])
    return _State(version, entry, history, data.get("writer", ""))


def _wrong(error: Exception) -> str:
    return invalid.told(error) if isinstance(error, ValidationError) else str(error)
