"""The journal of a restore: what was asked, by whom, how far it is. One restore at a time.

Each step is written before and after it is done, by the version that was read, so that a run which
lost the journal to another one (a laptop that slept) stops at its next step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.cluster import Conflict
from ops.errors import CouldNotFindOut, Refused

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

NAME: Final = "restore"
KEPT: Final = 20
"""How many finished restores are remembered."""


class TakenOver(Refused):
    """Another run has the journal: this one has nothing more to do, and nothing to undo."""


class Step(StrEnum):
    """What is done, in this order."""

    JOURNALED = "journaled"
    MAINTENANCE = "maintenance"
    FENCED = "fenced"
    SAVED = "saved"
    RESTORED = "restored"
    CHECKED = "checked"
    LISTED = "listed"
    MOVED = "moved"
    PROVED = "proved"
    CLEARED = "cleared"

    def is_before(self, other: Step) -> bool:
        """Whether it comes earlier."""
        order = list(Step)
        return order.index(self) < order.index(other)


class Entry(BaseModel):
    """One restore. `step` is done, `doing` is begun; times are RFC 3339.

    `requested` is what was typed, `source` what it means, `at` that source's moment. `found_*`: it
    was so before, and stays so. `outcome` is empty while it is open, then `done` or `aborted`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    requested: str
    source: str
    is_moment: bool
    at: str
    target: str
    old: str
    started: str
    by: str
    step: Step = Step.JOURNALED
    doing: Step = Step.JOURNALED
    found_maintenance: bool = False
    found_fence: bool = False
    old_is_lost: bool = False
    aborting: str = ""
    saved: str = ""
    later: str = ""
    later_rows: int | None = None
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        doing = f", at work on `{self.doing}`" if self.doing != self.step else ""
        return (
            f"restore {self.id} of {self.source} into {self.target}, begun {self.started} by "
            f"{self.by}, done up to `{self.step}`{doing}"
        )

    @property
    def is_moving(self) -> bool:
        """Whether the colors may have been sent to the new database already."""
        return not self.doing.is_before(Step.MOVED)

    def updated(self, **changes: Any) -> Entry:
        """The same with other values."""
        return self.model_copy(update=changes)


class Journal(Protocol):
    """Keeps the open restore and those that are over."""

    def read(self) -> Entry | None:
        """The open one, None where none is."""
        ...

    def history(self) -> list[Entry]:
        """Those that are over, oldest first."""
        ...

    def write(self, entry: Entry) -> None:
        """Keep the open one. Raises TakenOver if another run wrote since it was read."""
        ...

    def close(self, entry: Entry) -> None:
        """It is over: into the history. Raises TakenOver as `write`."""
        ...


@dataclass(frozen=True)
class _State:
    version: str
    entry: Entry | None
    history: tuple[Entry, ...]


class ClusterJournal:
    """The journal as the ConfigMap `restore`: keys `open` and `history`, both JSON."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._state: _State | None = None

    def read(self) -> Entry | None:
        """The open one, None where none is."""
        self._state = self._load()
        return self._state.entry

    def history(self) -> list[Entry]:
        """Those that are over, oldest first."""
        return list(self._load().history)

    def write(self, entry: Entry) -> None:
        """Keep the open one, if nobody wrote since it was read."""
        state = self._known()
        self._put(replace(state, entry=entry))

    def close(self, entry: Entry) -> None:
        """Move the open one to the history."""
        state = self._known()
        history = (*state.history, entry)[-KEPT:]
        self._put(replace(state, entry=None, history=history))

    def _known(self) -> _State:
        if self._state is None:
            self._state = self._load()
        if not self._state.version:
            self._cluster.put_config_map(NAME, {})
            found = self._load()
            if found.entry is not None:
                raise TakenOver(f"another restore was begun this moment: {found.entry}")
            self._state = found
        return self._state

    def _load(self) -> _State:
        found = self._cluster.get("ConfigMap", NAME)
        return _State("", None, ()) if found is None else _parse(found)

    def _put(self, state: _State) -> None:
        data = _data(state)
        patch: Body = {"metadata": {"resourceVersion": state.version}, "data": data}
        try:
            written = _parse(self._cluster.patch("ConfigMap", NAME, patch))
        except Conflict as error:
            written = self._load()
            # An answer that was lost on its way looks like somebody else's write: it was ours.
            if written.entry != state.entry or written.history != state.history:
                raise TakenOver(
                    "another run has written the journal since this one read it "
                    f"({written.entry or 'it closed it'}): this one stops here, having changed "
                    "nothing since its last step. See scripts/restore_production_db.py --status"
                ) from error
        self._state = written


def _data(state: _State) -> Mapping[str, str | None]:
    return {
        # None takes the key away.
        "open": None if state.entry is None else state.entry.model_dump_json(),
        "history": json.dumps([entry.model_dump(mode="json") for entry in state.history]),
    }


def _parse(body: Body) -> _State:
    data = body.get("data") or {}
    try:
        entry = Entry.model_validate_json(data["open"]) if data.get("open") else None
        history = tuple(
            Entry.model_validate(each) for each in json.loads(data.get("history", "[]"))
        )
    except (ValidationError, ValueError, TypeError) as error:
        raise CouldNotFindOut(
            f"the ConfigMap {NAME} stands but can't be understood ({_wrong(error)}). See "
            f"`kubectl get configmap {NAME} -o yaml`; a restore may be half done, so mend it, and "
            "don't delete it"
        ) from error
    return _State(str(body["metadata"]["resourceVersion"]), entry, history)


def _wrong(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
        for each in error.errors(include_input=False)
    )
