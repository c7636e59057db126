"""When a database counts as lost: by what psycopg raises when a server, or nobody, answers it."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from ops.backups.rds_instances import NoInstance
from ops.database import Address
from ops.errors import CouldNotFindOut, OpsError, UsageError
from ops.restore import lost, procedure
from ops.restore.lost import require_lost
from ops.restore.place import Place
from ops.restore.tools import Tools
from tests.ports import free_port

ENCRYPTION_REQUEST = 8
"""Bytes of what a client asks first: whether it may encrypt. No login is as short."""


class Refusing(socketserver.BaseRequestHandler):
    """PostgreSQL's side of a login that it refuses."""

    code: ClassVar[str]
    said: ClassVar[str]

    def handle(self) -> None:
        """https://www.postgresql.org/docs/current/protocol-message-formats.html"""
        while length := int.from_bytes(self.request.recv(4)):
            self.request.recv(length - 4)
            if length != ENCRYPTION_REQUEST:
                break
            self.request.sendall(b"N")
        if not self.said:
            return
        fields = f"SFATAL\0VFATAL\0C{self.code}\0M{self.said}\0\0".encode()
        self.request.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)


@dataclass
class Here:
    """The part of a place that is asked whether its database is lost."""

    port: int
    host: str = "127.0.0.1"
    current: str = "legal_ai"

    def admin(self, name: str) -> Address:
        return Address(self.host, self.port, "admin", name, "stale")


def place(port: int, host: str = "127.0.0.1") -> Place:
    return cast(Place, Here(port, host))


@contextmanager
def answering(said: str, code: str = "") -> Iterator[int]:
    """A server that answers every login with this; the port it is on."""
    handler = type("Handler", (Refusing,), {"code": code, "said": said})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("28P01", 'password authentication failed for user "admin"', UsageError),
        ("28000", 'role "admin" does not exist', UsageError),
        ("28000", 'no pg_hba.conf entry for host "10.0.0.1", user "admin"', UsageError),
        ("42501", 'permission denied for database "legal_ai"', UsageError),
        ("53300", "sorry, too many clients already", CouldNotFindOut),
        ("57P03", "the database system is starting up", CouldNotFindOut),
        ("57P03", "the database system is shutting down", CouldNotFindOut),
        ("55000", 'database "legal_ai" is not currently accepting connections', CouldNotFindOut),
        ("", "", CouldNotFindOut),
    ],
)
def test_a_server_that_answers_anything_else_than_no_such_database_has_it_still(
    code: str, said: str, kind: type[OpsError]
) -> None:
    with (
        answering(said, code) as port,
        pytest.raises(kind, match="legal_ai is not known to be lost") as told,
    ):
        require_lost(place(port))
    assert said in str(told.value)
    assert "run this without --old-is-lost" in str(told.value)


def test_a_database_that_its_server_does_not_have_is_lost() -> None:
    with answering('database "legal_ai" does not exist', "3D000") as port:
        require_lost(place(port))


def test_a_database_is_lost_where_nothing_listens() -> None:
    require_lost(place(free_port()))


def test_a_database_is_lost_where_no_socket_is(tmp_path: Path) -> None:
    require_lost(place(5432, str(tmp_path)))


def unable(error: Exception) -> Callable[..., Any]:
    def connect(*_: object) -> Any:
        raise error

    return connect


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        OSError(113, "No route to host"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    ],
    ids=str,
)
def test_a_database_is_lost_whose_host_is_gone(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr(socket, "create_connection", unable(error))
    require_lost(place(port))


@pytest.mark.parametrize(
    "error",
    [
        OSError(101, "Network is unreachable"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    ],
    ids=str,
)
def test_a_network_that_is_gone_here_says_nothing_of_the_database(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr(socket, "create_connection", unable(error))
    with pytest.raises(CouldNotFindOut, match="not known to be lost"):
        require_lost(place(port))


def test_one_of_two_servers_that_refuses_the_password_may_have_it() -> None:
    assert lost._is_dropped('a: FATAL: database "legal_ai" does not exist')
    assert not lost._is_dropped(
        'a: FATAL: database "legal_ai" does not exist b: FATAL: password authentication failed'
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [(UsageError("no rights"), UsageError), (CouldNotFindOut("?"), CouldNotFindOut)],
)
def test_an_address_that_can_not_be_read_says_nothing_of_the_database(
    error: OpsError, kind: type[OpsError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Here, "admin", unable(error))
    with pytest.raises(kind, match="not known to be lost"):
        require_lost(place(1))


def test_an_instance_that_aws_does_not_have_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Here, "admin", unable(NoInstance("none")))
    require_lost(place(1))


def test_a_restore_with_a_stale_password_changes_nothing() -> None:
    def nothing(*_: object) -> Any:
        raise AssertionError("that comes after the question whether it is lost")

    with answering("password authentication failed", "28P01") as port:
        tools = SimpleNamespace(
            place=place(port),
            journal=SimpleNamespace(read=lambda: None, history=list, write=nothing),
            confirm=nothing,
        )
        with pytest.raises(UsageError, match="not known to be lost"):
            procedure.run(cast(Tools, tools), "latest", old_is_lost=True)
