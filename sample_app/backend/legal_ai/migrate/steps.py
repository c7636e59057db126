"""Up and down, one migration at a time: each is committed before the next begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alembic import command

from .database import migration_lock
from .errors import REFUSED, MigrateError
from .retries import retrying
from .revisions import BASE, HEAD, Phase, Revision
from .seed import is_seeded, seed
from .session import Session
from .state import State


@dataclass(frozen=True)
class Work:
    """Migrations to run now, and those that are left for a step of its own."""

    now: Sequence[Revision]
    left: Sequence[Revision]


def by_default(pending: Sequence[Revision], *, is_empty: bool) -> Work:
    """What runs where nobody said how far: expanding, up to the first that does more.

    In an empty database there are no rows to migrate, so those run as well. A contract never does.
    """
    harmless = {Phase.EXPAND, Phase.MIGRATE} if is_empty else {Phase.EXPAND}
    count = next((n for n, one in enumerate(pending) if one.phase not in harmless), len(pending))
    return Work(pending[:count], pending[count:])


def expand(session: Session) -> str:
    """Run what a bare deployment may run, and seed. Returns what was done; raises MigrateError.

    Takes the lock only where there is something to do: a long backfill holds it for hours, and
    must not keep an unchanged schema from being deployed.
    """
    state = session.state()
    work = _default_work(session, state)
    done = nothing(session, state)
    if work.now or not is_seeded(session, state):
        with migration_lock(session.engine, session.options.lock_wait, session.say) as still_held:
            work = _default_work(session, session.state())
            done = _up(session, work.now, still_held) or done
            _require_fit(session, work.left)
            seed(session)
    _require_fit(session, work.left)
    for revision in work.left:
        session.say(f"left for a step of its own: {revision}: {revision.title}")
    return done


def upgrade(session: Session, to: str, *, allow_contract: bool) -> str:
    """Run everything up to `to`. Returns what was done; raises MigrateError."""
    target = session.chain.find(to)
    with migration_lock(session.engine, session.options.lock_wait, session.say) as still_held:
        state = session.state()
        todo = pending(session, state, target)
        contract = next((one for one in todo if one.phase is Phase.CONTRACT), None)
        if contract and not allow_contract:
            raise MigrateError(
                f"{contract} takes away what older code needs: nothing was run. Say "
                "--allow-contract when no such code runs or can be gone back to",
                REFUSED,
            )
        done = _up(session, todo, still_held) or nothing(session, state)
        if _problem(session) is None:
            seed(session)
        return done


def downgrade(session: Session, to: str) -> str:
    """Take back everything above `to`, newest first. Returns what was done; raises MigrateError."""
    target = session.chain.find(to)
    with migration_lock(session.engine, session.options.lock_wait, session.say) as still_held:
        state = session.state()
        if session.is_ahead(state):
            raise MigrateError(
                f"the database is at {state.revision}, which this image doesn't have: downgrade "
                "with the newest image that ran",
                REFUSED,
            )
        current = session.chain.find(state.revision or BASE)
        above = session.chain.between(target.id if target else None, current)
        for revision in reversed(above):
            still_held()
            session.say(f"taking back {revision}: {revision.title}")
            _run(session, revision, command.downgrade, revision.down or BASE)
        where = target.id if target else BASE
        return f"downgraded to {where}" if above else f"nothing above {where}"


def pending(session: Session, state: State, to: Revision | None) -> list[Revision]:
    """What an upgrade to `to` would run; nothing in a database that a newer image made."""
    if session.is_ahead(state):
        return []
    return session.chain.between(state.revision, to)


def nothing(session: Session, state: State) -> str:
    """Say why there is nothing to run."""
    if session.is_ahead(state):
        return f"the database is ahead of this image (at {state.revision}, unknown here)"
    return f"the database is at {state.revision}: nothing to migrate"


def _default_work(session: Session, state: State) -> Work:
    todo = pending(session, state, session.chain.find(HEAD))
    return by_default(todo, is_empty=state.revision is None)


def _up(session: Session, todo: Sequence[Revision], still_held: Callable[[], None]) -> str:
    for revision in todo:
        still_held()
        session.say(f"running {revision}: {revision.title}")
        _run(session, revision, command.upgrade, revision.id)
    return f"upgraded to {todo[-1].id}" if todo else ""


def _run(session: Session, revision: Revision, act: Callable[..., None], to: str) -> None:
    def once() -> None:
        with session.engine.connect() as connection:
            session.config.attributes["connection"] = connection
            act(session.config, to)

    retrying(revision.id, once, session.say)


def _problem(session: Session) -> str | None:
    state = session.state()
    return session.release.refuses(state.level, state.floor)


def _require_fit(session: Session, left: Sequence[Revision]) -> None:
    problem = _problem(session)
    if problem is None:
        return
    if left:
        problem = (
            f"{session.release.version} needs schema level {session.release.needs}, which a plain "
            f"run does not reach: {left[0]} is a step of its own. Run scripts/migrate.py backfill, "
            "then scripts/migrate.py upgrade, then deploy again"
        )
    raise MigrateError(problem, REFUSED)
