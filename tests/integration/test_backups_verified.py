"""A backup is proven by a restore; one that was spoiled, by hand or by a fault, is found."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.backups import scratch, shelf, verify
from ops.backups.manifest import DumpManifest, from_bytes, to_bytes
from ops.backups.model import Backup, Check
from ops.backups.verify import Limits
from ops.errors import UsageError
from tests.integration.backups import Place, end, fill
from tests.integration.postgres import PrivateServer


def quiet(_line: str) -> None:
    pass


@pytest.fixture
def place(server: PrivateServer, database: str, tmp_path: Path) -> Place:
    with server.connect(database) as connection:
        fill(connection)
    return Place(server, database, tmp_path / "store")


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def look(place: Place, **limits: Any) -> verify.Report:
    """Verify the newest backup."""
    allowed = Limits(**({"max_age": timedelta(hours=1)} | limits))
    return verify.verify(place.engine, place.engine.find("latest"), place.url, allowed, quiet)


def test_a_good_backup_is_proven_tagged_and_reported(place: Place, tmp_path: Path) -> None:
    taken = place.back_up()
    done = place.script("verify_backup", "latest", "--json", "--report", str(tmp_path / "report"))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "good"
    assert report["restoreSeconds"] > 0
    assert {check["name"]: check["verdict"] for check in report["checks"]} == dict.fromkeys(
        [
            "age", "manifest", "checksum", "restore", "alembic revision", "rows as in the backup",
            "newest row", "rows near the source", "constraints", "amcheck",
        ],
        "good",
    )  # fmt: skip
    backup = place.engine.find(taken["id"])
    assert backup.verified_at is not None
    assert float(backup.tags["legal-ai:verified-seconds"]) == report["restoreSeconds"]
    assert json.loads((tmp_path / "report").read_text()) == report
    (kept,) = (name for name in place.files() if "/verification-" in name)
    assert json.loads((place.store / kept).read_text()) == report
    assert place.scratches() == []


def test_a_dry_run_restores_nothing(place: Place) -> None:
    taken = place.back_up()
    files = place.files()
    done = place.script("verify_backup", "latest", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert taken["id"] in done.stdout
    assert place.files() == files


def flip_a_byte(place: Place, backup: Backup) -> None:
    path = place.store / "dumps" / backup.id / "database.dump"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_it_short(place: Place, backup: Backup) -> None:
    path = place.store / "dumps" / backup.id / "database.dump"
    path.write_bytes(path.read_bytes()[:-100])


def take_the_data_away(place: Place, backup: Backup) -> None:
    (place.store / "dumps" / backup.id / "database.dump").unlink()


def edit_the_manifest(place: Place, backup: Backup) -> None:
    path = place.store / "dumps" / backup.id / "manifest.json"
    path.write_text(path.read_text().replace('"public.documents": 500', '"public.documents": 499'))


def empty_the_manifest(place: Place, backup: Backup) -> None:
    (place.store / "dumps" / backup.id / "manifest.json").write_text("")


def forge_the_rows(place: Place, backup: Backup) -> None:
    """With a right digest: only a restore shows it."""
    forge(place, backup, rows={**(backup.rows or {}), "public.documents": 501})


def forge_the_revision(place: Place, backup: Backup) -> None:
    forge(place, backup, tags={**backup.tags, "legal-ai:revision": "4f2a91c07d35"})


def put_a_dump_with_an_emptied_table_in_its_place(place: Place, backup: Backup) -> None:
    """With the digests and the size of the new file, as a careful forger would."""
    with place.connect() as connection:
        connection.execute(
            "BEGIN; CREATE TABLE kept AS TABLE documents; TRUNCATE documents; COMMIT"
        )
    emptied = place.engine.take("emptied", {}, quiet)
    with place.connect() as connection:
        connection.execute(
            "INSERT INTO documents OVERRIDING SYSTEM VALUE TABLE kept; DROP TABLE kept"
        )
    dumps = shelf.dumps(place.engine.dumps.store)
    new, _ = from_bytes(dumps.store.read(f"dumps/{emptied.id}/manifest.json"), DumpManifest)
    assert new is not None
    with dumps.reader(emptied.id) as source:
        data = source.read(1 << 30)
    (place.store / "dumps" / backup.id / "database.dump").write_bytes(data)
    forge(place, backup, sha256=new.sha256, size_bytes=new.size_bytes)
    dumps.remove(emptied.id)


def forge(place: Place, backup: Backup, **changes: Any) -> None:
    path = place.store / "dumps" / backup.id / "manifest.json"
    manifest, _ = from_bytes(path.read_bytes(), DumpManifest)
    assert manifest is not None
    path.write_bytes(to_bytes(manifest.model_copy(update=changes)))


@pytest.mark.parametrize(
    ("spoil", "found_by"),
    [
        (flip_a_byte, "checksum"),
        (cut_it_short, "checksum"),
        (take_the_data_away, "checksum"),
        (edit_the_manifest, "manifest"),
        (empty_the_manifest, "manifest"),
        (forge_the_rows, "rows as in the backup"),
        (forge_the_revision, "alembic revision"),
        (put_a_dump_with_an_emptied_table_in_its_place, "rows as in the backup"),
    ],
)
def test_a_spoiled_backup_is_found_and_marked(
    place: Place, spoil: Callable[[Place, Backup], None], found_by: str
) -> None:
    backup = place.engine.take(None, {}, quiet)
    assert look(place).verdict == "good"
    spoil(place, backup)
    report = look(place)
    assert by_name(report.checks)[found_by].verdict == "bad"
    assert place.engine.find("latest").verified_at is None
    assert place.scratches() == []


def test_a_spoiled_backup_ends_the_script_with_1_and_names_what_is_wrong(place: Place) -> None:
    flip_a_byte(place, place.engine.take(None, {}, quiet))
    done = place.script("verify_backup", "latest", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "bad"
    assert "bad: checksum: SHA-256 is" in done.stderr


def test_one_too_old_is_bad_and_yet_keeps_its_proof(place: Place) -> None:
    place.engine.take(None, {}, quiet)
    proven = look(place)
    later = look(place, now=datetime.now(UTC) + timedelta(hours=2))
    assert (proven.verdict, later.verdict) == ("good", "bad")
    assert [check.name for check in later.checks if check.verdict == "bad"] == ["age"]
    assert place.engine.find("latest").verified_at is not None


def test_a_role_that_may_not_make_amcheck_could_not_find_out(place: Place) -> None:
    place.role = place.server.new_role("CREATEDB")
    with place.connect() as connection:
        connection.execute(f"ALTER DATABASE {place.database} OWNER TO {place.role}".encode())
        for table in ("users", "documents", "alembic_version", "schema_level"):
            connection.execute(f"ALTER TABLE {table} OWNER TO {place.role}".encode())
    place.engine.take(None, {}, quiet)
    done = place.script("verify_backup", "latest")
    assert done.returncode == 3
    assert "unknown: amcheck: the extension amcheck can't be made" in done.stderr
    assert place.engine.find("latest").verified_at is None
    assert place.scratches() == []


def test_rows_far_from_the_source_are_bad_unless_tolerated(place: Place) -> None:
    place.engine.take(None, {}, quiet)
    with place.connect() as connection:
        connection.execute("DELETE FROM documents WHERE id <= 100")
    checks = by_name(look(place).checks)
    assert checks["rows near the source"].verdict == "bad"
    assert (
        "public.documents has 500 rows, the source has 400" in checks["rows near the source"].detail
    )
    assert checks["rows as in the backup"].verdict == "good"
    assert look(place, tolerance_percent=25.0).verdict == "good"


def test_a_table_that_the_source_lost_is_bad(place: Place) -> None:
    place.engine.take(None, {}, quiet)
    with place.connect() as connection:
        connection.execute("DROP TABLE documents")
    check = by_name(look(place).checks)["rows near the source"]
    assert check.verdict == "bad"
    assert "the source has no such table" in check.detail


def test_tables_that_came_with_a_later_revision_are_not_missed(place: Place) -> None:
    place.engine.take(None, {}, quiet)
    with place.connect() as connection:
        connection.execute(
            "CREATE TABLE later (id int); INSERT INTO later SELECT generate_series(1, 1000);"
            "UPDATE alembic_version SET version_num = 'c5d0f1a27e43'"
        )
    assert look(place).verdict == "good"


@pytest.fixture
def copy(place: Place, server: PrivateServer) -> Iterator[Place]:
    """Another database with the same rows, to damage as a physical copy can be."""
    name = f"{place.database}_copy"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {place.database}".encode())
    yield Place(server, name, place.store)
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {name}".encode())


def judge(place: Place, copy: Place) -> dict[str, Check]:
    return by_name(verify.check(place.url, copy.url, None, Limits(max_age=None)))


def test_a_sound_copy_is_good_and_stays_as_it_is(place: Place, copy: Place) -> None:
    assert {check.verdict for check in judge(place, copy).values()} == {"good"}
    with copy.connect() as connection:
        query = "SELECT FROM pg_extension WHERE extname = 'amcheck'"
        assert connection.execute(query).fetchone() is None


def test_a_copy_that_is_set_read_only_can_be_checked(place: Place, copy: Place) -> None:
    with place.connect() as connection:
        connection.execute(
            f"ALTER DATABASE {copy.database} SET default_transaction_read_only = on".encode()
        )
    assert {check.verdict for check in judge(place, copy).values()} == {"good"}


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (
            "SET session_replication_role = replica; DELETE FROM users WHERE id = 7",
            "documents_owner",
        ),
        (
            "UPDATE pg_constraint SET convalidated = false WHERE conname = 'documents_owner'",
            "documents_owner",
        ),
        (
            "ALTER TABLE users DROP CONSTRAINT users_email_check; "
            "UPDATE users SET email = 'none' WHERE id = 3; "
            "ALTER TABLE users ADD CONSTRAINT users_email_check CHECK (email LIKE '%@%') "
            "NOT VALID; "
            "UPDATE pg_constraint SET convalidated = true",
            "users_email_check",
        ),
        (
            "UPDATE pg_index SET indisunique = false "
            "WHERE indexrelid = 'users_email_key'::regclass;"
            "INSERT INTO users (email) VALUES ('user1@example.com');"
            "UPDATE pg_index SET indisunique = true "
            "WHERE indexrelid = 'users_email_key'::regclass",
            "users_email_key",
        ),
    ],
    ids=["a row without its parent", "not validated", "a check", "twice the same"],
)
def test_rows_that_break_a_constraint_are_found(
    place: Place, copy: Place, damage: str, named: str
) -> None:
    with copy.connect() as connection:
        for statement in damage.split(";"):
            connection.execute(statement.encode())
    check = judge(place, copy)["constraints"]
    assert check.verdict == "bad"
    assert named in check.detail


def test_a_constraint_that_is_not_valid_in_the_source_either_is_told_and_good(
    place: Place, copy: Place
) -> None:
    for each in (place, copy):
        with each.connect() as connection:
            connection.execute(
                "ALTER TABLE users ADD CONSTRAINT short CHECK (length(email) < 3) NOT VALID"
            )
    check = judge(place, copy)["constraints"]
    assert check.verdict == "good"
    assert "public.users.short" in check.detail


def test_an_index_that_does_not_fit_its_table_is_found(place: Place, copy: Place) -> None:
    with copy.connect() as connection:
        connection.execute(
            "CREATE FUNCTION key(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN $1;"
            "CREATE INDEX by_key ON users (key(email));"
            "CREATE OR REPLACE FUNCTION key(text) RETURNS text IMMUTABLE LANGUAGE sql "
            "RETURN reverse($1)"
        )
    check = judge(place, copy)["amcheck"]
    assert check.verdict == "bad"
    assert "by_key" in check.detail


def test_a_damaged_page_of_a_table_is_found(place: Place, copy: Place) -> None:
    with copy.connect() as connection:
        connection.execute("CHECKPOINT")
        found = connection.execute("SELECT pg_relation_filepath('users')").fetchone()
    assert found is not None
    path = copy.server.root / "data" / found[0]
    data = bytearray(path.read_bytes())
    data[8000:8100] = b"\xff" * 100  # rows of the first page
    copy.server.stop("fast")
    path.write_bytes(data)
    copy.server.start()
    assert judge(place, copy)["amcheck"].verdict == "bad"


def test_a_database_that_is_gone_is_unknown_and_not_good(place: Place) -> None:
    checks = verify.check(place.url, place.server.url("gone"), None, Limits(max_age=None))
    assert {check.verdict for check in checks} == {"unknown"}


def test_the_newest_row_of_a_restored_moment_is_measured_by_the_source(
    place: Place, copy: Place
) -> None:
    with copy.connect() as connection:
        connection.execute(
            "UPDATE documents SET updated_at = updated_at - interval '1 hour';"
            "UPDATE users SET created_at = created_at - interval '1 hour'"
        )
    limits = Limits(max_age=None, moment=datetime.now(UTC))
    check = by_name(verify.check(place.url, copy.url, None, limits))["newest row"]
    assert check.verdict == "bad"


def test_two_verifications_at_once_leave_each_other_alone(place: Place) -> None:
    place.back_up()
    running = [place.start("verify_backup", "latest", "--json") for _ in range(2)]
    for process in running:
        done = end(process)
        assert done.returncode == 0, done.stderr
    assert place.scratches() == []


def test_a_scratch_of_a_live_run_is_neither_listed_nor_dropped(place: Place) -> None:
    engine = place.engine
    with engine.scratch("first") as name:
        with place.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        with engine.scratch("second"):
            assert engine.scratches() == []
            assert place.scratches() == [name]
    assert place.scratches() == []


def test_a_scratch_that_nobody_holds_is_listed_and_dropped_by_the_next_run(place: Place) -> None:
    name = scratch.new_name()
    with place.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    assert place.engine.scratches() == [name]
    with place.engine.scratch("next"):
        assert place.scratches() == []


def test_no_other_database_is_dropped_as_a_scratch(place: Place) -> None:
    with pytest.raises(UsageError, match="is no scratch database"):
        place.engine.drop_scratch(place.database)
    with place.connect() as connection:
        assert connection.info.dbname == place.database


@pytest.mark.parametrize(
    "arguments",
    [
        ["latest", "--tolerance", "-1"],
        ["latest", "--max-age-minutes", "0"],
        ["latest", "--report", "/no/folder/r"],
    ],
)
def test_wrong_arguments_end_with_2(place: Place, arguments: list[str]) -> None:
    assert place.script("verify_backup", *arguments).returncode == 2
