"""Whether a database is gone. One that only does not let us in may be taking writes right now."""

from __future__ import annotations

import errno
import re
import socket
from typing import TYPE_CHECKING, Final

from ops.backups.rds_instances import NoInstance
from ops.database import CONNECT_SECONDS, Address
from ops.errors import CouldNotFindOut, OpsError, UsageError
from ops.logins.sessions import open_session

if TYPE_CHECKING:
    from ops.restore.place import Place

_ANSWER: Final = re.compile(r"FATAL: +")
_NO_SUCH_DATABASE: Final = re.compile(r'database "[^"]*" does not exist')
"""PostgreSQL's words. libpq keeps the code (3D000) of a failed login to itself."""
_NO_SUCH_HOST: Final = {socket.EAI_NONAME, socket.EAI_NODATA}


def require_lost(place: Place) -> None:
    """Return if the current database is gone: no server or host there, or none of that name on it.

    Raises UsageError where it answers, or does not let us in: then its writes must be listed;
    CouldNotFindOut where something answers that is no proof of either.
    """
    name = place.current
    try:
        address = place.admin(name)
    except NoInstance:
        return
    except OpsError as error:
        raise _not_proven(name, error) from error
    try:
        open_session(address).close()
    except OpsError as error:
        if _is_dropped(str(error)) or not _listens(address):
            return
        raise _not_proven(name, error) from error
    raise UsageError(
        f"{name} answers, so it is not lost: run this without --old-is-lost, and what was "
        "written after the point in time is listed and kept"
    )


def _not_proven(name: str, error: OpsError) -> OpsError:
    kind = UsageError if isinstance(error, UsageError) else CouldNotFindOut
    return kind(
        f"{name} is not known to be lost, it may be taking writes: {error}\nOnce that is mended, "
        "run this without --old-is-lost. If the database is gone for good, see to it that nothing "
        "answers at its address, and run this again"
    )


def _is_dropped(said: str) -> bool:
    """Whether every server that answered says that it has no such database."""
    answers = _ANSWER.split(said)[1:]
    return bool(answers) and all(map(_NO_SUCH_DATABASE.match, answers))


def _listens(address: Address) -> bool:
    """Whether anything takes connections there, or could: in doubt it does."""
    return any(_takes_connections(host, address.port) for host in address.host.split(","))


def _takes_connections(host: str, port: int) -> bool:
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), CONNECT_SECONDS).close()
    except socket.gaierror as error:
        return error.errno not in _NO_SUCH_HOST
    except (ConnectionRefusedError, FileNotFoundError, TimeoutError):
        return False
    except OSError as error:
        return error.errno != errno.EHOSTUNREACH
    return True
