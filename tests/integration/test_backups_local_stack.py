"""The local stack's own PostgreSQL, on another port: its administrator, its archive, any moment."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from local.addresses import DATABASE_PASSWORD, DATABASE_ROLE, LOOPBACK
from local.parts import postgres as part
from local.places import Places
from local.report import Report
from local.stack import NodeKind, Stack
from ops.backups import postgres, verify
from ops.backups.verify import Limits
from ops.database import Address, connect, one
from tests.integration.backups import clock, fill, rows

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the local stack is run by root")


def quiet(_line: str) -> None:
    pass


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    monkeypatch.setattr(part, "POSTGRES_PORT", port)
    monkeypatch.setattr(part, "SETTINGS", part.SETTINGS | {"port": str(port)})
    monkeypatch.setattr(part.Postgres, "ports", (port,))
    made = Stack(Places(tmp_path), Report(Console(quiet=True)))
    for folder in (made.places.run, made.places.log):
        folder.mkdir(parents=True)
    made.decide_node(NodeKind.SIMULATED)  # no bridge: loopback alone
    daemon = part.Postgres(made)
    daemon.start()
    yield made
    daemon.stop()


def address(stack: Stack, role: str) -> Address:
    port = part.Postgres(stack).ports[0]
    return Address(LOOPBACK, port, role, DATABASE_ROLE, DATABASE_PASSWORD)


def test_the_administrator_of_the_local_stack_restores_any_moment(stack: Stack) -> None:
    app, admin = address(stack, DATABASE_ROLE), address(stack, part.ADMIN_ROLE)
    engine = postgres.at(
        admin.with_database("postgres").url,
        str(stack.places.data("backups")),
        database=DATABASE_ROLE,
        archive=str(part.Postgres(stack).archive),
    )
    with connect(app) as connection:
        fill(connection)
        taken = engine.take(None, {}, quiet)
        then, moment = rows(connection), clock(connection)
        connection.execute("DELETE FROM documents")
    proof = verify.verify(engine, taken, None, Limits(max_age=None), quiet)
    assert proof.verdict == "good"
    engine.restore(moment, "legal_ai_g2", quiet)
    # The application's own role owns what was restored, and so may read it.
    with connect(app.with_database("legal_ai_g2")) as connection:
        assert rows(connection) == then
        assert (
            one(
                connection,
                "SELECT pg_get_userbyid(datdba) FROM pg_database "
                "WHERE datname = current_database()",
            )
            == DATABASE_ROLE
        )
