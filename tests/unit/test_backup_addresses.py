"""Database URLs: read in every form that is in use, never shown with their password."""

import pytest

from ops.database import Address
from ops.errors import UsageError

SECRET = "p@ss/w:rd"
ENCODED = "p%40ss%2Fw%3Ard"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_urls_of_sqlalchemy_and_of_libpq_are_read(scheme: str) -> None:
    found = Address.parse(f"{scheme}://legal%20ai:{ENCODED}@db.example.com:6432/legal_ai")
    assert (found.host, found.port) == ("db.example.com", 6432)
    assert (found.user, found.password, found.database) == ("legal ai", SECRET, "legal_ai")


def test_the_url_that_is_made_is_the_one_that_was_read() -> None:
    url = f"postgresql+psycopg://u:{ENCODED}@db.example.com:5432/d?sslmode=verify-full"
    assert Address.parse(url).url == url
    assert Address.parse(Address.parse(url).url) == Address.parse(url)


def test_a_socket_s_folder_and_asyncpg_s_ssl_are_understood() -> None:
    found = Address.parse("postgresql+asyncpg://u:p@/d?host=/run/postgresql&ssl=require")
    assert found.host == "/run/postgresql"
    assert found.parameters == {"sslmode": "require"}
    assert Address.parse(found.url) == found


def test_ipv6_hosts_survive_the_round() -> None:
    assert Address.parse("postgresql://u:p@[::1]:5433/d").host == "::1"
    assert Address.parse(Address.parse("postgresql://u:p@[::1]:5433/d").url).host == "::1"


def test_a_program_s_environment_has_the_address_and_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "somewhere.else")
    monkeypatch.setenv("PGSERVICE", "trap")
    found = Address.parse(f"postgresql://u:{ENCODED}@db:5433/d?sslmode=require").environment()
    assert found["PGHOST"] == "db"
    assert found["PGPASSWORD"] == SECRET
    assert found["PGSSLMODE"] == "require"
    assert "PGSERVICE" not in found


def test_the_password_is_in_no_text_of_an_address() -> None:
    found = Address.parse(f"postgresql://u:{ENCODED}@db:5433/d")
    for text in (str(found), repr(found)):
        assert SECRET not in text
        assert ENCODED not in text


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://u:secret@db/d", "begins with 'mysql'"),
        ("postgresql://u:secret@db", "names no database"),
        ("postgresql://db/d", "names no user"),
        ("postgresql://u:secret@/d", "names no host"),
        ("postgresql://u:secret@db:port/d", "can't be read"),
        ("postgresql://u:secret@db/d?pool_size=5", "not known here: pool_size"),
    ],
)
def test_a_url_that_can_not_be_used_is_refused_without_its_password(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        Address.parse(url)
    assert "secret" not in str(raised.value)
