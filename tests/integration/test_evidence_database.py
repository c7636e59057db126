"""The database as evidence: a dump that can be read back, by a real PostgreSQL."""

import subprocess
from pathlib import Path

import pytest

from ops.backups import programs
from ops.database import Address
from ops.errors import UsageError
from ops.evidence import pieces
from ops.evidence.folder import Folder
from tests.integration.postgres import PrivateServer


def test_the_dump_has_every_row_and_shows_no_password(
    server: PrivateServer, database: str, tmp_path: Path
) -> None:
    address = Address.parse(server.url(database))
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE found AS SELECT generate_series(1, 1000) AS id")
    said: list[str] = []
    piece = pieces.of_database(address, said.append)
    with Folder(tmp_path).opened():
        Folder(tmp_path).keep(piece.name, piece.take)
    program = programs.find("pg_restore", server_major(server, database))
    rows = subprocess.run(
        [program.path, "--data-only", "--table=found", "--file=-", tmp_path / pieces.DATABASE],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert sum(line.isdigit() for line in rows.splitlines()) == 1000
    assert not address.password or address.password not in "".join(said)


def test_a_database_that_is_not_there_leaves_no_dump(server: PrivateServer, tmp_path: Path) -> None:
    piece = pieces.of_database(Address.parse(server.url("nonesuch")), lambda _: None)
    with Folder(tmp_path).opened(), pytest.raises(UsageError, match="does not exist"):
        Folder(tmp_path).keep(piece.name, piece.take)
    assert not Folder(tmp_path).has(pieces.DATABASE)


def server_major(server: PrivateServer, database: str) -> int:
    with server.connect(database) as connection:
        return connection.info.server_version // 10000
