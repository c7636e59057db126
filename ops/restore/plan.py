"""What a restore would do, and a look at everything that could stand against it; only reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.backups import verify
from ops.backups.model import Check, Window
from ops.database import asking
from ops.errors import OpsError, Refused, UsageError
from ops.logins.sessions import open_session
from ops.restore import fence, source
from ops.restore.lost import require_lost
from ops.restore.source import Source
from ops.times import rfc3339

if TYPE_CHECKING:
    from ops.restore.place import Place
    from ops.restore.tools import Tools


@dataclass(frozen=True)
class Plan:
    """`notes` are what does not stand against it, and should be known. `found_*`: it is so now."""

    requested: str
    source: Source
    old: str
    target: str
    window: Window | None
    old_is_lost: bool = False
    found_maintenance: bool = False
    found_fence: bool = False
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"from:   {self.source}",
            f"into:   {self.target}, which is new; {self.old} stays, closed for writing",
            f"window: {self.window or 'no point in time here'}",
            f"later:  what was written after {rfc3339(self.source.at)} is listed, kept, and asked",
            "        about once more before anything moves; how much it is, nobody knows yet",
            *(f"note:   {note}" for note in self.notes),
        ]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "requested": self.requested,
            "source": self.source.id,
            "at": rfc3339(self.source.at),
            "old": self.old,
            "target": self.target,
            "window": None if self.window is None else str(self.window),
            "notes": list(self.notes),
        }


def plan(tools: Tools, requested: str, *, old_is_lost: bool = False) -> Plan:
    """Ask everything. Raises UsageError for what was asked, Refused for what stands against it."""
    tools.say("looking at everything that the restore will need")
    found = source.find(requested, tools.engine)
    old = tools.place.current
    notes = [f"not ready now: {each}" for each in tools.unready()]
    if notice := tools.redis.notice():
        notes.append(f"maintenance is on {notice}; it stays on afterwards")
    if waiting := tools.pending():
        raise Refused(
            "the configuration has changes that were not deployed, and a restore's `pulumi up` "
            f"would deploy them: {'; '.join(waiting)}. Run `pulumi up`, or take them back, first"
        )
    if old_is_lost:
        require_lost(tools.place)
        notes.append(f"{old} can't be reached: what is later can't be listed, and is lost")
        is_fenced = False
    else:
        is_fenced = _require_fenceable(tools.place)
        if not tools.accept_unknown:
            _require_checkable(tools.place)
    if found.backup is not None:
        checks = tools.engine.examine(found.backup, tools.say)
        enforce(tools, checks, f"backup {found.id} is not fit")
        if not old_is_lost:
            tools.store.require_room(found.backup.size_bytes or 0)
    return Plan(
        requested=requested,
        source=found,
        old=old,
        target=tools.place.free_name(),
        window=None if old_is_lost else tools.engine.window(),
        old_is_lost=old_is_lost,
        found_maintenance=notice is not None,
        found_fence=is_fenced,
        notes=tuple(notes),
    )


def enforce(tools: Tools, checks: list[Check], title: str) -> None:
    """As `verify.enforce`; with --accept-unknown, what could not be checked is only said."""
    if tools.accept_unknown:
        for check in (each for each in checks if each.verdict == "unknown"):
            tools.say(f"accepted as --accept-unknown asks: {check}")
        checks = [each for each in checks if each.verdict != "unknown"]
    verify.enforce(checks, title)


def _require_checkable(place: Place) -> None:
    """Raise UsageError where the pages of the copy could not be checked: better now than then."""
    try:
        with (
            open_session(place.admin(place.current)) as admin,
            asking("installing amcheck, rolled back"),
            admin.transaction(force_rollback=True),
        ):
            admin.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    except OpsError as error:
        raise UsageError(
            f"the restored copy could not be checked for damaged pages: {error}. Do that, or say "
            "--accept-unknown"
        ) from error


def _require_fenceable(place: Place) -> bool:
    """Raise Refused where the old one can't be fenced. Returns whether it is fenced already."""
    app = place.app(place.current)
    with open_session(place.admin(place.current)) as admin:
        against = fence.obstacles(admin, app.user)
        is_fenced = fence.standing(admin) is not None
    if against:
        raise Refused(f"{place.current} can't be fenced: {'; '.join(against)}")
    open_session(app).close()
    return is_fenced
