"""users.full_name becomes display_name over three releases, while older code goes on writing."""

import pytest

from tests.integration.postgres import PrivateServer
from tests.integration.releases import Image, Templates

Images = dict[str, Image]
EXPANDED, REQUIRED, CONTRACTED = "c5d0f1a27e43", "9be37a60d4f8", "e21f8c94b7a5"


@pytest.fixture
def url(server: PrivateServer, database: str) -> str:
    return server.url(database)


def query(server: PrivateServer, database: str, text: str) -> list[tuple[object, ...]]:
    with server.connect(database) as connection:
        return connection.execute(text.encode()).fetchall()


def levels(server: PrivateServer, database: str) -> tuple[object, ...]:
    return query(server, database, "SELECT level, floor FROM schema_level")[0]


def add_users(server: PrivateServer, database: str, count: int) -> None:
    with server.connect(database) as connection:
        connection.execute(
            b"INSERT INTO users (id, email, password_hash, full_name) SELECT gen_random_uuid(), "
            b"'user' || n || '@example.com', 'x', 'User ' || n FROM generate_series(1, %b) n"
            % str(count).encode()
        )


def test_both_colors_read_what_the_other_writes_at_every_step_of_the_rename(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    add_users(server, database, 5)
    with images["v1.1.0"].client(url) as old:
        old.write("written before")

    images["v1.2.0"].run(url).ok()
    assert levels(server, database) == (4, 1)
    with images["v1.1.0"].client(url) as old, images["v1.2.0"].client(url) as new:
        assert new.read() == "written before"
        old.write("by full_name alone")
        assert new.read() == "by full_name alone"
        new.write("by both")
        assert old.read() == "by both"

    images["v1.3.0"].run(url, "backfill").ok()
    images["v1.3.0"].run(url, "upgrade").ok()
    assert levels(server, database) == (5, 1)
    with (
        images["v1.1.0"].client(url) as oldest,
        images["v1.2.0"].client(url) as old,
        images["v1.3.0"].client(url) as new,
    ):
        new.write("by display_name alone")
        assert (oldest.read(), old.read()) == ("by display_name alone",) * 2
        oldest.write("by full_name alone, late")
        assert (old.read(), new.read()) == ("by full_name alone, late",) * 2
    add_users_of_old_code = (
        "INSERT INTO users (id, email, password_hash, full_name) "
        "VALUES (gen_random_uuid(), 'late@example.com', 'x', 'Late') RETURNING display_name"
    )
    assert query(server, database, add_users_of_old_code) == [("Late",)]

    images["v1.4.0"].run(url, "upgrade", "--allow-contract").ok()
    assert levels(server, database) == (6, 5)
    with images["v1.3.0"].client(url) as old, images["v1.4.0"].client(url) as new:
        assert old.read() == "by full_name alone, late"
        new.write("after the contract")
        assert old.read() == "after the contract"
    nameless = (
        "INSERT INTO users (id, email, password_hash) "
        "VALUES (gen_random_uuid(), 'none@example.com', 'x') RETURNING display_name"
    )
    assert query(server, database, nameless) == [("",)]


def test_every_step_of_the_rename_can_be_taken_back_with_all_names(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    newest = images["v1.4.0"]
    images["v1.1.0"].run(url).ok()
    add_users(server, database, 2500)
    images["v1.2.0"].run(url).ok()
    newest.run(url, "backfill").ok()
    newest.run(url, "upgrade", "--allow-contract").ok()
    with newest.client(url) as new:
        new.write("written without full_name")

    newest.run(url, "downgrade", REQUIRED).ok()
    assert levels(server, database) == (5, 1)
    differing = "SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM display_name"
    assert query(server, database, differing) == [(0,)]
    with images["v1.1.0"].client(url) as old, newest.client(url) as new:
        assert old.read() == "written without full_name"
        old.write("by old code again")
        assert new.read() == "by old code again"

    newest.run(url, "downgrade", "17c94ab2e8d6").ok()
    assert levels(server, database) == (3, 1)
    with images["v1.1.0"].client(url) as old:
        assert old.read() == "by old code again"
    assert query(server, database, "SELECT count(*) FROM users WHERE full_name = ''") == [(0,)]
    newest.run(url, "downgrade", "base").ok()
    assert query(server, database, "SELECT count(*) FROM alembic_version") == [(0,)]
    newest.run(url).ok()
    assert levels(server, database) == (5, 1)


def test_a_bare_deployment_runs_no_contract_even_in_an_empty_database(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    ran = images["v1.4.0"].run(url).ok()
    assert f"left for a step of its own: {CONTRACTED}" in ran.err
    assert levels(server, database) == (5, 1)
    images["v1.0.0"].run(url).ok()
    images["v1.4.0"].run(url).ok()
    assert levels(server, database) == (5, 1)


def test_a_bare_deployment_stops_at_what_must_be_migrated_and_says_how(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    ran = images["v1.4.0"].run(url)
    ran.refused("v1.4.0 needs schema level 5", REQUIRED, "scripts/migrate.py backfill")
    assert levels(server, database) == (4, 1)
    assert ran.message["database"]["level"] == 4


def test_rows_that_are_not_backfilled_refuse_the_next_step_and_nothing_is_changed(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    images["v1.2.0"].run(url).ok()
    images["v1.3.0"].run(url, "upgrade").refused("without a display_name", "backfill")
    assert levels(server, database) == (4, 1)
    constraints = "SELECT count(*) FROM pg_constraint WHERE conname = 'users_display_name_given'"
    assert query(server, database, constraints) == [(0,)]


def test_a_contract_that_nobody_allowed_is_refused_and_nothing_before_it_runs(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    ran = images["v1.4.0"].run(url, "upgrade", "--to", "head")
    ran.refused(CONTRACTED, "nothing was run", "--allow-contract")
    assert levels(server, database) == (3, 1)


def test_code_that_was_contracted_away_says_so_and_is_never_ready(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    images["v1.4.0"].run(url).ok()
    images["v1.4.0"].run(url, "upgrade", "--allow-contract").ok()
    images["v1.2.0"].run(url).refused("refuses schema levels under 5", "v1.2.0 knows 4")
    assert levels(server, database) == (6, 5)
    ran = images["v1.2.0"].run(url, "verify")
    assert (ran.code, "users.full_name is missing" in ran.out) == (1, True)
    images["v1.3.0"].run(url, "verify").ok()
