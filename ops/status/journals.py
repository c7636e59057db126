"""The journals: what is under way, who is at it, and who did what when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops.closing.entry import KEPT as CLOSING
from ops.errors import Refused
from ops.incident.entry import KEPT as INCIDENT
from ops.incident.entry import Incident
from ops.journal import ClusterJournal, Kept
from ops.lease import Lease
from ops.release.entry import KEPT as RELEASE
from ops.release_rollback.entry import KEPT as UNDOING
from ops.restore.journal import KEPT_AS as RESTORE
from ops.rollback.journal import KEPT as ROLLBACK
from ops.rollback.journal import Operation
from ops.rotation.api_keys import KEPT as API_KEYS
from ops.rotation.connecting import LEASE as ROTATION
from ops.rotation.db_world import KEPT as DB_PASSWORD
from ops.rotation.jwt_world import KEPT as JWT_SECRET
from ops.shift.entry import KEPT as SHIFT

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.lease import Holder


@dataclass(frozen=True)
class Past:
    """Something that is over: `at` is RFC 3339."""

    at: str
    by: str
    what: str
    outcome: str


@dataclass(frozen=True)
class Records:
    """What a journal says: what is open in words (empty: nothing), and what is over.

    `holder` has the Lease of those who work at it; `waits`: nobody has to be at it now.
    """

    open: str
    holder: Holder | None
    waits: bool
    past: tuple[Past, ...]


@dataclass(frozen=True)
class _Kind:
    """`what` tells an entry, `over` one that has ended.

    Those who work at one hold the Lease `lease`, if there is one. `go_on` is what an open one wants
    that nobody is at, empty where it wants nothing; `waits` says that it wants nothing now.
    """

    kept: Kept[Any]
    what: Callable[[Any], str]
    lease: str = ""
    go_on: str = ""
    waits: Callable[[Any], bool] = lambda _: False
    over: Callable[[Any, str], Past] = lambda done, what: Past(
        done.finished, done.by, what, done.outcome
    )


def _rolled_back(done: Operation, what: str) -> Past:
    return Past(done.ended, done.by, what, done.outcome)


def _resolved(done: Incident, what: str) -> Past:
    return Past(done.ended, done.last.by, what, "resolved")


def _rotation(kept: Kept[Any], what: str, waits: Callable[[Any], bool]) -> _Kind:
    go_on = f"`{kept.see}` tells how it goes on"
    return _Kind(kept, lambda _: f"rotation of {what}", ROTATION, go_on, waits)


_KINDS: Final[Mapping[str, _Kind]] = {
    "release": _Kind(
        RELEASE,
        lambda done: f"release {done.version} to {done.color}",
        RELEASE.name,
        "Go on by `scripts/release.py --resume`, or back by --abort",
    ),
    "release rollback": _Kind(
        UNDOING,
        lambda done: f"undoing {done.version} on {done.color}",
        RELEASE.name,
        f"`{UNDOING.see}` tells how it goes on",
    ),
    "shift": _Kind(
        SHIFT,
        lambda done: f"{'canary' if done.steps else 'switch'} to {done.target} {done.version}",
        SHIFT.name,
        "Go on by the same command again, or back by `scripts/canary.py --abort`",
    ),
    "rollback": _Kind(
        ROLLBACK,
        lambda done: f"rollback from {done.color} to {done.target}: {done.reason}",
        over=_rolled_back,
    ),
    "restore": _Kind(RESTORE, lambda done: f"restore of {done.source}"),
    "closing": _Kind(CLOSING, lambda done: f"closing of {done.version}"),
    "jwt secret": _rotation(JWT_SECRET, "the JWT secret", lambda found: bool(found.is_waiting)),
    "api keys": _rotation(API_KEYS, "API keys", lambda _: False),
    "db password": _rotation(DB_PASSWORD, "the database's password", lambda _: False),
    "incident": _Kind(
        INCIDENT,
        lambda done: f"{done.nature}: {done.title}",
        go_on="`scripts/incident.py resolve` ends it",
        over=_resolved,
    ),
}
NAMES: Final = tuple(_KINDS)


def read(cluster: Cluster, name: str) -> Records:
    """One of NAMES. Raises CouldNotFindOut."""
    kind = _KINDS[name]
    found, history = ClusterJournal(cluster, kind.kept).both()
    holder = Lease(cluster, kind.lease, "", 0).holder() if found and kind.lease else None
    return Records(
        open=str(found) if found else "",
        holder=holder,
        waits=bool(found and kind.waits(found)),
        past=tuple(kind.over(each, kind.what(each)) for each in history),
    )


def look(name: str, found: Records) -> str:
    """What is under way. Raises Refused where something is half done and nobody is at it."""
    kind = _KINDS[name]
    if not found.open:
        return "none is open"
    if found.holder:
        return f"{found.open}; at it: {found.holder}"
    if found.waits or not kind.go_on:
        return f"{found.open}; more: `{kind.kept.see.strip('`')}`"
    nobody = "; nobody is at it" if kind.lease else ""
    raise Refused(f"{found.open}{nobody}. {kind.go_on}")
