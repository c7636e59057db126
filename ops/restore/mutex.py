"""One restore at work at a time: a lock of the server that the old database is on.

It ends with its session, so a killed run never blocks the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ops.database import Address, asking, connect, one
from ops.errors import CouldNotFindOut, Refused

KEY: Final = 0x52455354
"""The first half of the lock's number; the second is the name of the stack."""
SERVER: Final = "postgres"


@contextmanager
def held(server: Address, stack: str) -> Iterator[Callable[[], None]]:
    """Hold it; yields a check that raises CouldNotFindOut if it was lost. Raises Refused."""
    with connect(server.with_database(SERVER), application_name="legal-ai-restore") as connection:
        with asking("asking whether a restore is at work"):
            if not one(
                connection, "SELECT pg_try_advisory_lock(%s::int, hashtext(%s))", KEY, stack
            ):
                raise Refused(
                    f"a restore of stack {stack} is at work right now, here or elsewhere: see "
                    "scripts/restore_production_db.py --status, and wait for its end"
                )

        def check() -> None:
            try:
                with asking("asking whether the lock is still ours"):
                    one(connection, "SELECT 1")
            except CouldNotFindOut as error:
                raise CouldNotFindOut(
                    f"{error}. The lock of this restore went with that session: run the same "
                    "command again, it goes on where this one stopped"
                ) from error

        yield check
