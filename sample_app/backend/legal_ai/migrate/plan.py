"""What stands between this image and the database, told without changing anything."""

from typing import Any

from .backfill import applicable, read_progress
from .offline import sql
from .revisions import BASE, HEAD
from .session import Session
from .steps import nothing, pending


def plan(session: Session) -> dict[str, Any]:
    """Image, database, every migration of the image, which are pending and the SQL of those."""
    state = session.state()
    release, chain = session.release, session.chain
    todo = pending(session, state, chain.find(HEAD))
    with session.engine.connect() as connection:
        backfills = [
            {"name": one.name, "finished": read_progress(connection, one.name).is_finished}
            for one in applicable(state.level)
        ]
    return {
        "image": {"version": release.version, "level": release.level, "needs": release.needs},
        "database": state.as_json(),
        "ahead": session.is_ahead(state),
        "revisions": [one.as_json() for one in chain.revisions],
        "pending": [one.id for one in todo],
        "sql": sql(f"{state.revision or BASE}:{HEAD}") if todo else "",
        "backfills": backfills,
    }


def in_words(session: Session) -> str:
    """The same for people, a line for each pending migration."""
    state = session.state()
    todo = pending(session, state, session.chain.find(HEAD))
    return "\n".join(f"{one}: {one.title}" for one in todo) or nothing(session, state)
