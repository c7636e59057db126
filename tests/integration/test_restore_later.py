"""What is later, found row by row between two real databases."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.errors import UsageError
from ops.logins.sessions import open_session
from ops.restore import later
from ops.restore.later import Later
from tests.integration.postgres import PrivateServer

ROOT = Path(__file__).parents[2]


@dataclass
class Pair:
    """The old database and the restored one."""

    server: PrivateServer
    old: str
    new: str

    def both(self, *statements: str) -> None:
        for name in (self.old, self.new):
            self.run(name, *statements)

    def run(self, database: str, *statements: str) -> None:
        with self.server.connect(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def compare(self) -> tuple[Later, list[dict[str, Any]]]:
        lines: list[str] = []
        with (
            open_session(self.server.url(self.old)) as old,
            open_session(self.server.url(self.new)) as new,
        ):
            found = later.compare(old, new, lines.append)
        return found, [json.loads(line) for line in lines]


@pytest.fixture
def pair(server: PrivateServer) -> Iterator[Pair]:
    made = Pair(server, server.new_database(), server.new_database())
    yield made
    with server.connect() as connection:
        for name in (made.old, made.new):
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def told(lines: list[dict[str, Any]], table: str = "public.t") -> list[tuple[Any, ...]]:
    """(what, old id, new id), in order."""
    return sorted(
        (
            (each["what"], *((each.get(side) or {}).get("id") for side in ("old", "new")))
            for each in lines
            if each["table"] == table
        ),
        key=str,
    )


def test_equal_databases_have_nothing_later(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, NULL)")
    found, lines = pair.compare()
    assert (found.total, lines, found.notes) == (0, [], ())
    assert found.lines() == ["no row is later"]


def test_added_changed_and_deleted_rows_are_told_apart_whatever_their_order(pair: Pair) -> None:
    """Numbers as text sort otherwise than as numbers: both sides must be walked the same way."""
    pair.both(
        "CREATE TABLE t (id int PRIMARY KEY, b text)",
        "INSERT INTO t SELECT n, 'x' FROM generate_series(-30, 1200) n",
    )
    pair.run(
        pair.old,
        "UPDATE t SET b = 'y' WHERE id IN (-5, 2, 10, 100)",
        "DELETE FROM t WHERE id IN (3, 999)",
        "INSERT INTO t VALUES (5000, 'new'), (-31, 'new')",
    )
    found, lines = pair.compare()
    assert told(lines) == sorted(
        [
            *(("changed", n, n) for n in (-5, 2, 10, 100)),
            *(("deleted", None, n) for n in (3, 999)),
            *(("added", n, None) for n in (5000, -31)),
        ],
        key=str,
    )
    counts = found.tables[0]
    assert (counts.added, counts.changed, counts.deleted) == (2, 4, 2)


def test_null_and_an_empty_text_are_not_the_same(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, NULL)")
    pair.run(pair.old, "UPDATE t SET b = ''")
    assert pair.compare()[0].tables[0].changed == 1


def test_keys_of_several_columns_and_any_letters_are_matched(pair: Pair) -> None:
    pair.both(
        "CREATE TABLE t (a text, id uuid DEFAULT gen_random_uuid(), d date, PRIMARY KEY (d, a))",
        "INSERT INTO t (a, d) VALUES ('ß', '2025-01-01'), ('z', '2025-01-01'), ('Ä', '1999-12-31'),"
        " ('a b', '2025-01-01'), ('a,b', '2025-01-01'), ('\U0001d518', '2025-01-01'),"
        " ('\ufffd', '2025-01-01')",
    )
    pair.run(pair.new, "UPDATE t SET id = NULL")
    pair.run(pair.old, "UPDATE t SET id = NULL", "DELETE FROM t WHERE a = 'z'")
    found, lines = pair.compare()
    assert [(each["what"], each["new"]["a"]) for each in lines] == [("deleted", "z")]
    assert found.total == 1


def test_a_table_without_a_key_is_compared_by_content_and_number(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1), (1), (2), (3)")
    pair.run(pair.old, "INSERT INTO t VALUES (1), (4)", "DELETE FROM t WHERE id = 2")
    found, lines = pair.compare()
    assert told(lines) == [("added", 1, None), ("added", 4, None), ("deleted", None, 2)]
    assert (found.tables[0].added, found.tables[0].deleted) == (2, 1)


def test_a_table_that_is_not_in_the_copy_is_listed_whole(pair: Pair) -> None:
    pair.run(pair.old, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    pair.run(pair.new, "CREATE TABLE gone (id int)", "INSERT INTO gone VALUES (1)")
    found, lines = pair.compare()
    assert told(lines) == [("added", 1, None), ("added", 2, None)]
    assert found.notes == (
        "table public.gone is only in the restored database: dropped since",
        "table public.t is not in the restored database: made since",
    )


def test_a_value_in_a_column_that_the_copy_lacks_counts_as_later(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1), (2)")
    pair.run(pair.old, "ALTER TABLE t ADD summary text", "UPDATE t SET summary = 's' WHERE id = 2")
    pair.run(pair.new, "ALTER TABLE t ADD dropped_since int DEFAULT 7")
    found, lines = pair.compare()
    assert told(lines) == [("changed", 2, 2)]
    assert lines[0]["old"]["summary"] == "s"
    assert "lacks summary" in found.notes[0]


def test_another_primary_key_falls_back_to_the_whole_content(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int PRIMARY KEY, b int NOT NULL)", "INSERT INTO t VALUES (1, 1)")
    pair.run(pair.old, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id, b)")
    found, lines = pair.compare()
    assert lines == []
    assert "primary key is another one" in found.notes[0]


def test_partitions_and_children_are_counted_once(pair: Pair) -> None:
    pair.both(
        "CREATE TABLE t (id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)",
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)",
    )
    pair.run(
        pair.old,
        "INSERT INTO t VALUES (1, 1), (2, 12)",
        "INSERT INTO parent VALUES (1)",
        "INSERT INTO child VALUES (1)",
    )
    found, _ = pair.compare()
    assert {each.table: each.total for each in found.tables} == {
        "public.t": 2,
        "public.parent": 1,
        "public.child": 1,
    }


def test_bytes_and_long_numbers_stand_in_the_list_as_they_are(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int PRIMARY KEY, b bytea, n numeric, f float8, j jsonb)")
    pair.run(
        pair.old,
        """INSERT INTO t VALUES (1, '\\x00ff', 12345678901234567890.123456789, 0.1,
           '{"a": "\\"q\\""}')""",
    )
    lines: list[str] = []
    with (
        open_session(pair.server.url(pair.old)) as old,
        open_session(pair.server.url(pair.new)) as new,
    ):
        later.compare(old, new, lines.append)
    assert '"n":12345678901234567890.123456789' in lines[0]
    row = json.loads(lines[0])["old"]
    assert (row["b"], row["f"], row["j"]) == ("\\x00ff", 0.1, {"a": '"q"'})


def test_settings_of_one_side_do_not_make_equal_values_differ(pair: Pair) -> None:
    pair.both(
        "CREATE TABLE t (id timestamptz PRIMARY KEY, i interval, f float8, b bytea)",
        "INSERT INTO t VALUES ('2025-10-14 01:00:00.5Z', '1 year 2 days', 0.1, '\\x01')",
    )
    pair.run(
        pair.old,
        f"ALTER DATABASE {pair.old} SET timezone = 'Asia/Tokyo'",
        f"ALTER DATABASE {pair.old} SET datestyle = 'German'",
        f"ALTER DATABASE {pair.old} SET bytea_output = 'escape'",
        f"ALTER DATABASE {pair.old} SET extra_float_digits = 0",
        f"ALTER DATABASE {pair.old} SET intervalstyle = 'postgres_verbose'",
    )
    assert pair.compare()[0].total == 0


def test_numbers_that_will_be_given_out_again_are_noted(pair: Pair) -> None:
    pair.both("CREATE SEQUENCE invoice", "SELECT setval('invoice', 100)")
    pair.run(pair.old, "SELECT setval('invoice', 120)")
    assert pair.compare()[0].notes == (
        "sequence public.invoice stands at 100, and stood at 120: numbers between are given out "
        "again",
    )


def test_large_objects_are_said_not_to_be_compared(pair: Pair) -> None:
    pair.run(pair.old, "SELECT lo_from_bytea(0, '\\x00')")
    assert pair.compare()[0].notes == ("1 large objects were not compared: they have no rows",)


def test_rows_that_a_policy_hides_are_not_passed_over_silently(pair: Pair) -> None:
    role = pair.server.new_role()
    pair.both(
        "CREATE TABLE t (id int PRIMARY KEY)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        f'GRANT SELECT ON t TO "{role}"',
    )
    with (
        open_session(pair.server.url(pair.old, role)) as old,
        open_session(pair.server.url(pair.new, role)) as new,
        pytest.raises(UsageError, match="row-level security"),
    ):
        later.compare(old, new, lambda _: None)


def test_memory_does_not_grow_with_the_table(pair: Pair) -> None:
    pair.both("CREATE TABLE t (id int PRIMARY KEY, b text)")
    peaks = []
    for rows in (1_000, 60_000):
        fill = f"INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(1, {rows}) n"  # noqa: S608
        pair.run(pair.old, "TRUNCATE t", fill)
        pair.run(pair.new, "TRUNCATE t", fill, "UPDATE t SET b = 'y' WHERE id % 40 = 0")
        done = subprocess.run(
            [sys.executable, "-c", PEAK, pair.server.url(pair.old), pair.server.url(pair.new)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        total, peak = done.stdout.split()
        assert int(total) == rows // 40
        peaks.append(int(peak))
    assert peaks[1] < peaks[0] + 8 * 1024


PEAK = """
import resource, sys
from ops.restore import later
from ops.logins.sessions import open_session
with open_session(sys.argv[1]) as old, open_session(sys.argv[2]) as new:
    found = later.compare(old, new, lambda _: None)
print(found.total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
