"""The user that smoke tests log in as."""

from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from .. import tables
from ..passwords import hash_password, verify_password
from .session import Session
from .state import State

SMOKE_USER: Final = "test@example.com"
NAME: Final = "Smoke Test"


def is_seeded(session: Session, state: State) -> bool:
    """Whether nothing is to be done: the user has the password, or none is asked for."""
    password = session.options.smoke_password
    if password is None:
        return True
    if session.release.refuses(state.level, state.floor):
        return False
    with session.engine.connect() as connection:
        stored = _stored(session, connection)
    return stored is not None and verify_password(password, stored)


def seed(session: Session) -> None:
    """Make the user, or give it the password that the environment says."""
    password = session.options.smoke_password
    if password is None:
        session.say(f"SMOKE_PASSWORD is not set: {SMOKE_USER} left as it is")
        return
    users = tables.users(session.release)
    with session.engine.begin() as connection:
        stored = _stored(session, connection)
        if stored is not None and verify_password(password, stored):
            session.say(f"{SMOKE_USER} is there")
            return
        values = {"email": SMOKE_USER, "password_hash": hash_password(password)}
        write = insert(users).values(
            id=uuid4(),
            organization="Legal AI System",
            **session.release.name_values(NAME),
            **values,
        )
        connection.execute(write.on_conflict_do_update(index_elements=["email"], set_=values))
    session.say(f"{SMOKE_USER} {'has a new password' if stored else 'was made'}")


def _stored(session: Session, connection: Connection) -> str | None:
    users = tables.users(session.release)
    query = select(users.c.password_hash).where(users.c.email == SMOKE_USER)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found
