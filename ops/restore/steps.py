"""The steps of a restore. Each can be killed anywhere, and done again from its beginning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ops.backups import verify
from ops.backups.model import TAG_RESTORE, Backup
from ops.errors import OpsError, Refused, UsageError
from ops.logins import canary
from ops.logins.sessions import open_session
from ops.maintenance import Notice
from ops.restore import fence, later, later_file
from ops.restore.journal import Entry, Step
from ops.restore.plan import enforce
from ops.restore.source import Source
from ops.times import stamp

if TYPE_CHECKING:
    import psycopg

    from ops.restore.tools import Tools

_LONGEST_LABEL: Final = 40

Act = Callable[["Tools", Entry], Entry]


class Declined(Refused):
    """A person said no."""


def _maintenance(tools: Tools, entry: Entry) -> Entry:
    reason = f"the database is being restored ({entry.id})"
    notice = tools.redis.close_writes(Notice(reason, stamp(tools.now()), tools.by))
    tools.say(f"maintenance is on {notice}")
    return entry


def _fenced(tools: Tools, entry: Entry) -> Entry:
    if entry.old_is_lost:
        tools.say(f"{entry.old} can't be reached, so there is nothing to fence")
        return entry
    with open_session(tools.place.admin(entry.old)) as admin:
        fence.close(admin, tools.place.app(entry.old), f"restore {entry.id}")
    tools.say(f"{entry.old} is closed: rights revoked, sessions ended, a write tried and refused")
    return entry


def _saved(tools: Tools, entry: Entry) -> Entry:
    if entry.old_is_lost:
        return entry
    saved = _kept(tools, entry)
    if saved is None:
        label = f"before-restore-{entry.target.replace('_', '-')}"[:_LONGEST_LABEL]
        try:
            saved = tools.engine.take(label, {**tools.tags, TAG_RESTORE: entry.id}, tools.say)
        except OpsError as error:
            # Besides the backup itself it may renew the base for point in time, or tidy up.
            saved = _kept(tools, entry)
            if saved is None:
                raise
            tools.say(f"taken, but: {error}")
    tools.say(f"{entry.old} as it is now is kept as backup {saved.id}")
    return entry.updated(saved=saved.id)


def _kept(tools: Tools, entry: Entry) -> Backup | None:
    """The backup that this restore has taken already."""
    found = (each for each in tools.engine.backups() if each.tags.get(TAG_RESTORE) == entry.id)
    return next(found, None)


def _restored(tools: Tools, entry: Entry) -> Entry:
    tools.place.restore(source_of(tools, entry), entry.target, tools.say)
    return entry


def _checked(tools: Tools, entry: Entry) -> Entry:
    target = tools.place.admin(entry.target)
    with open_session(target) as copy:
        fence.soften(copy)
    source = source_of(tools, entry)
    limits = verify.Limits(max_age=None, now=tools.now(), moment=source.at)
    checks = verify.check(None, target.url, source.backup, limits)
    for check in checks:
        tools.say(str(check))
    enforce(tools, checks, f"{entry.target} is no good copy of {entry.source}")
    with open_session(target) as copy:
        # What was copied from a fenced database came with its fence.
        fence.reopen(copy)
        if not entry.old_is_lost:
            _require_rights(tools, entry, copy)
    return entry


def _require_rights(tools: Tools, entry: Entry, copy: psycopg.Connection) -> None:
    role = tools.place.app(entry.old).user
    with open_session(tools.place.admin(entry.old)) as old:
        lacking = fence.missing(old, copy, role)
    if lacking:
        raise Refused(
            f"in {entry.target} {role} lacks what it has in {entry.old}: {', '.join(lacking)}. The "
            "backup is from before that was granted"
        )


def _listed(tools: Tools, entry: Entry) -> Entry:
    if entry.old_is_lost:
        _ask(tools, f"Everything written after {entry.at} is lost", entry)
        return entry
    tools.say(f"listing what {entry.old} has and {entry.target} has not")
    with (
        open_session(tools.place.admin(entry.old)) as old,
        open_session(tools.place.admin(entry.target)) as new,
        later_file.writer(tools.store, entry) as write,
    ):
        found = later.compare(old, new, write)
    for line in found.lines():
        tools.say(line)
    kept = f"{tools.store.place.rstrip('/')}/{later_file.name(entry)}"
    _ask(
        tools,
        f"{found.total} rows of {entry.old} are later than {entry.at}, and will not be in "
        f"{entry.target}. They are kept in {kept} and in backup {entry.saved}",
        entry,
    )
    return entry.updated(later=kept, later_rows=found.total)


def _ask(tools: Tools, told: str, entry: Entry) -> None:
    tools.say(told)
    if not tools.confirm(f"{told}. The application moves to {entry.target} now"):
        raise Declined("the move was declined")


def _moved(tools: Tools, entry: Entry) -> Entry:
    tools.place.send_to(entry.target, tools.say)
    return entry


def _proved(tools: Tools, entry: Entry) -> Entry:
    if waiting := tools.unready():
        raise Refused(f"not every pod is ready on {entry.target}: {'; '.join(waiting)}")
    if not entry.old_is_lost:
        tools.wait_until_left(entry.old)
    tools.say(canary.prove_open(tools.place.app(entry.target)))
    return entry


def _cleared(tools: Tools, entry: Entry) -> Entry:
    tools.say(f"{tools.redis.clear_cache()} cached answers of before were deleted")
    return entry


def source_of(tools: Tools, entry: Entry) -> Source:
    """What an open restore restores: `latest` may be another one by now."""
    at = datetime.fromisoformat(entry.at)
    if entry.is_moment:
        return Source(at)
    try:
        return Source(at, tools.engine.find(entry.source))
    except UsageError:
        # It may have expired since it was restored; its name is enough for what is left to do.
        return Source(at, Backup(entry.source, "dump", at, complete=False))


def reopen_writes(tools: Tools, entry: Entry) -> None:
    """Maintenance off, unless somebody had it on before."""
    if entry.found_maintenance:
        tools.say("maintenance was on before, and stays on: scripts/maintenance.py off")
        return
    tools.redis.open_writes()
    tools.say("maintenance is off")


ACTS: Final[Mapping[Step, Act]] = {
    Step.MAINTENANCE: _maintenance,
    Step.FENCED: _fenced,
    Step.SAVED: _saved,
    Step.RESTORED: _restored,
    Step.CHECKED: _checked,
    Step.LISTED: _listed,
    Step.MOVED: _moved,
    Step.PROVED: _proved,
    Step.CLEARED: _cleared,
}
