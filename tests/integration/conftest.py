"""A PostgreSQL server for the tests that need a real one; started for the first that asks."""

from collections.abc import Iterator

import pytest

from tests.integration.postgres import PrivateServer, private_server
from tests.integration.releases import Image, Templates, bake_all


@pytest.fixture(scope="session")
def server() -> Iterator[PrivateServer]:
    """A server with many databases in it, one a test."""
    with private_server() as running:
        yield running


@pytest.fixture
def database(server: PrivateServer) -> Iterator[str]:
    """The name of a fresh database on `server`."""
    name = server.new_database()
    yield name
    with server.connect() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image]:
    """The sample app's backend in every release, by version."""
    return bake_all(tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="session")
def templates(server: PrivateServer, images: dict[str, Image]) -> Templates:
    """Databases with each release's schema, to copy."""
    return Templates(server, images)
