"""What a database has that its restored copy lacks: row by row, in memory that does not grow.

Both sides are read in the order of the primary key through server-side cursors that carry a digest
of each row; the rows themselves are fetched only where the digests differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psycopg import sql

from ops.database import asking

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
Write = Callable[[str], object]
"""Gets lines of JSON."""

BATCH: Final = 200
"""Rows that a cursor brings at once, and keys that are asked for at once."""

ROWS_AT_ONCE: Final = 5
"""Whole rows in memory: one may have a document of megabytes in it."""
_NUMBERS: Final = count()
"""Cursors of one transaction need different names."""

_SETTINGS: Final = """
    SET LOCAL search_path = pg_catalog; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';
    SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL extra_float_digits = 1;
    SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off
"""
"""Both sides must write a value as the same text."""

_TABLES: Final = """
    SELECT n.nspname, c.relname, c.relkind = 'p',
           array_agg(a.attname::text ORDER BY a.attnum),
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum),
           coalesce(array_agg(a.attname::text ORDER BY a.attnum)
                    FILTER (WHERE a.attnum = ANY (i.indkey)), '{}')
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'legal_ai_fence')
    GROUP BY 1, 2, 3 ORDER BY 1, 2
"""

_SEQUENCES: Final = """
    SELECT schemaname || '.' || sequencename, coalesce(last_value, 0) FROM pg_sequences ORDER BY 1
"""


@dataclass(frozen=True)
class Table:
    """A table as one side has it. `key` is empty without a primary key."""

    schema: str
    name: str
    is_partitioned: bool
    columns: tuple[str, ...]
    types: tuple[str, ...]
    key: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def type_of(self, column: str) -> str:
        """The column's type, as SQL writes it."""
        return self.types[self.columns.index(column)]

    @property
    def rows(self) -> sql.Composed:
        """What to select from: with its partitions, without tables that inherit from it."""
        only = sql.SQL("" if self.is_partitioned else "ONLY ")
        return sql.SQL("{}{}").format(only, sql.Identifier(self.schema, self.name))


@dataclass
class Counts:
    """Rows of one table that differ: added later, changed later, deleted later."""

    table: str
    added: int = 0
    changed: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.added + self.changed + self.deleted


@dataclass(frozen=True)
class Later:
    """Everything that differs. `notes` are sentences on what rows alone do not tell."""

    tables: tuple[Counts, ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> int:
        """Rows that are later, in all tables."""
        return sum(each.total for each in self.tables)

    def lines(self) -> list[str]:
        """For people: a line for each table that differs, then the notes."""
        told = [
            f"{each.table}: {each.added} added, {each.changed} changed, {each.deleted} deleted"
            for each in self.tables
            if each.total
        ]
        return [*(told or ["no row is later"]), *self.notes]

    def to_json(self) -> dict[str, Any]:
        """For the journal and `--json`."""
        tables = [asdict(each) for each in self.tables if each.total]
        return {"rows": self.total, "tables": tables, "notes": list(self.notes)}


def compare(old: psycopg.Connection, new: psycopg.Connection, write: Write) -> Later:
    """Compare `old` with the restored `new`; a JSON line for each row that differs goes to `write`.

    `what` is `added` (only in old), `changed`, or `deleted` (only in new), `old` and `new` are the
    rows. Connections are from `open_session`. Raises CouldNotFindOut.
    """
    what = f"comparing {old.info.dbname} with {new.info.dbname}"
    with asking(what), old.transaction(), new.transaction():
        for side in (old, new):
            side.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            side.execute(_SETTINGS)
        here = {str(table): table for table in _tables(old)}
        there = {str(table): table for table in _tables(new)}
        counts = [
            _compare(_Pair(old, new, table, there.get(name)), write) for name, table in here.items()
        ]
        notes = [
            f"table {name} is only in the restored database: dropped since"
            for name in there.keys() - here.keys()
        ]
        notes += [
            f"table {name} is not in the restored database: made since"
            for name in here.keys() - there.keys()
        ]
        notes += [note for name in here for note in _columns(here[name], there.get(name))]
        notes += [*_sequences(old, new), *_large_objects(old)]
        return Later(tuple(counts), tuple(sorted(notes)))


@dataclass(frozen=True)
class _Pair:
    """One table on both sides; `other` is None where the restored database lacks it."""

    old: psycopg.Connection
    new: psycopg.Connection
    table: Table
    other: Table | None

    @property
    def common(self) -> tuple[str, ...]:
        """Columns that both have."""
        if self.other is None:
            return self.table.columns
        return tuple(c for c in self.table.columns if c in self.other.columns)

    @property
    def mine(self) -> tuple[str, ...]:
        """Columns that only the old side has."""
        return tuple(c for c in self.table.columns if c not in self.common)

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key, if it is the same on both sides."""
        same = self.other is None or set(self.other.key) == set(self.table.key)
        return self.table.key if same else ()


def _tables(connection: psycopg.Connection) -> list[Table]:
    return [
        Table(schema, name, is_partitioned, tuple(columns), tuple(types), tuple(key))
        for schema, name, is_partitioned, columns, types, key in connection.execute(
            _TABLES
        ).fetchall()
    ]


def _compare(pair: _Pair, write: Write) -> Counts:
    counts = Counts(str(pair.table))
    differing = _by_key(pair) if pair.key else _by_content(pair)
    for batch in _batches(differing, BATCH):
        for what, side in (("added", pair.old), ("deleted", pair.new)):
            keys = [key for each, key, _ in batch if each == what]
            setattr(counts, what, getattr(counts, what) + _times(batch, what))
            name = "old" if what == "added" else "new"
            for row in _rows(side, pair, keys):
                _line(write, pair.table, what, {name: row})
        keys = [key for what, key, _ in batch if what == "changed"]
        counts.changed += len(keys)
        both = zip(_rows(pair.old, pair, keys), _rows(pair.new, pair, keys), strict=True)
        for old, new in both:
            _line(write, pair.table, "changed", {"old": old, "new": new})
    return counts


_Key = tuple[str, ...]
_Difference = tuple[str, _Key, int]
"""What happened, to which row (its key, or the digest of its content), how many times."""


def _by_key(pair: _Pair) -> Iterator[_Difference]:
    """Walk both sides in the order of the key's text, byte by byte, as Python compares it too."""
    width = len(pair.key)
    key = [_text(column) for column in pair.key]
    has_more = (
        sql.SQL("num_nonnulls({}) > 0").format(sql.SQL(", ").join(map(sql.Identifier, pair.mine)))
        if pair.mine
        else sql.SQL("false")
    )
    query = sql.SQL("SELECT {}, {}, {} FROM {} t ORDER BY {}")
    keys = sql.SQL(", ").join(key)
    table = pair.table.rows
    digest = _digest(pair.common)
    ours = _stream(pair.old, query.format(keys, digest, has_more, table, _order(pair.key)))
    theirs: Iterator[tuple[Any, ...]] = (
        _stream(pair.new, query.format(keys, digest, sql.SQL("false"), table, _order(pair.key)))
        if pair.other
        else iter(())
    )
    here, there = next(ours, None), next(theirs, None)
    while here is not None or there is not None:
        mine = None if here is None else here[:width]
        other = None if there is None else there[:width]
        if there is None or (mine is not None and other is not None and _before(mine, other)):
            assert mine is not None  # noqa: S101 one of the two is there
            yield "added", mine, 1
            here = next(ours, None)
        elif here is None or mine != other:
            assert other is not None  # noqa: S101 as above
            yield "deleted", other, 1
            there = next(theirs, None)
        else:
            # A value in a column that the copy lacks is lost with it, so it counts as later.
            if here[width] != there[width] or here[width + 1]:
                yield "changed", here[:width], 1
            here, there = next(ours, None), next(theirs, None)


def _by_content(pair: _Pair) -> Iterator[_Difference]:
    """Without a key: how often each content is there. A change shows as one deleted, one added."""
    query = sql.SQL("SELECT {0}, count(*) FROM {1} t GROUP BY 1 ORDER BY 1")
    ours = _stream(pair.old, query.format(_digest(pair.table.columns), pair.table.rows))
    other = pair.other
    theirs: Iterator[tuple[Any, ...]] = (
        _stream(pair.new, query.format(_digest(other.columns), other.rows)) if other else iter(())
    )
    here, there = next(ours, None), next(theirs, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here[0] < there[0]):
            assert here is not None  # noqa: S101 one of the two is there
            yield "added", (here[0],), here[1]
            here = next(ours, None)
        elif here is None or here[0] > there[0]:
            yield "deleted", (there[0],), there[1]
            there = next(theirs, None)
        else:
            if (more := here[1] - there[1]) != 0:
                yield ("added" if more > 0 else "deleted"), (here[0],), abs(more)
            here, there = next(ours, None), next(theirs, None)


def _rows(side: psycopg.Connection, pair: _Pair, keys: Sequence[_Key]) -> Iterator[str]:
    """Rows as JSON texts, in the order of their keys."""
    if not keys:
        return
    table = pair.table if side is pair.old else (pair.other or pair.table)
    if pair.key:
        names = sql.SQL(", ").join(sql.Identifier("t", column) for column in pair.key)
        casts = sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Identifier("k", f"k{n}"), sql.SQL(table.type_of(column)))
            for n, column in enumerate(pair.key)
        )
        arrays = sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in pair.key)
        aliases = sql.SQL(", ").join(sql.Identifier(f"k{n}") for n in range(len(pair.key)))
        query = sql.SQL(
            "SELECT row_to_json(t)::text FROM {} t WHERE ({}) IN"
            " (SELECT {} FROM unnest({}) AS k({})) ORDER BY {}"
        ).format(table.rows, names, casts, arrays, aliases, _order(pair.key))
        parameters: list[Any] = [list(column) for column in zip(*keys, strict=True)]
    else:
        digest = _digest(table.columns)
        query = sql.SQL(
            "SELECT row_to_json(t)::text FROM"
            " (SELECT DISTINCT ON ({0}) t.* FROM {1} t WHERE {0} = ANY (%s) ORDER BY {0}) t"
        ).format(digest, table.rows)
        parameters = [[key[0] for key in keys]]
    for (row,) in _stream(side, query, parameters, size=ROWS_AT_ONCE):
        yield row


def _stream(
    connection: psycopg.Connection,
    query: sql.Composed,
    parameters: Sequence[Any] = (),
    size: int = BATCH,
) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name=f"later_{next(_NUMBERS)}") as cursor:
        cursor.itersize = size
        cursor.execute(query, parameters)
        yield from cursor


def _digest(columns: Sequence[str]) -> sql.Composed:
    """A digest of a row's text: md5 tells rows apart here, it guards nothing."""
    row = sql.SQL(", ").join(sql.Identifier("t", column) for column in columns)
    return sql.SQL("md5(ROW({})::text)").format(row)


def _order(columns: Sequence[str]) -> sql.Composed:
    """By the text of the key, byte by byte: collations differ between servers, this does not."""
    return sql.SQL(", ").join(sql.SQL('{} COLLATE "C"').format(_text(each)) for each in columns)


def _text(column: str) -> sql.Composed:
    return sql.SQL("{}::text").format(sql.Identifier("t", column))


def _before(one: _Key, other: _Key) -> bool:
    return [part.encode() for part in one] < [part.encode() for part in other]


def _times(batch: Iterable[_Difference], what: str) -> int:
    return sum(times for each, _, times in batch if each == what)


def _line(write: Write, table: Table, what: str, rows: dict[str, str]) -> None:
    # The rows are JSON already, and parsing them would cost numbers their last digits.
    body = ", ".join(f'"{side}": {row}' for side, row in rows.items())
    write(f'{{"table": {json.dumps(str(table))}, "what": "{what}", {body}}}\n')


def _columns(here: Table, there: Table | None) -> Iterator[str]:
    if there is None:
        return
    gone = [column for column in here.columns if column not in there.columns]
    if gone:
        yield (
            f"{here}: the restored database lacks {', '.join(gone)}; rows with a value there count "
            "as changed"
        )
    if set(here.key) != set(there.key):
        yield f"{here}: the primary key is another one, so rows are compared by their whole content"


def _sequences(old: psycopg.Connection, new: psycopg.Connection) -> Iterator[str]:
    there: dict[str, int] = dict(new.execute(_SEQUENCES).fetchall())
    for name, value in old.execute(_SEQUENCES).fetchall():
        if name in there and value > there[name]:
            yield (
                f"sequence {name} stands at {there[name]}, and stood at {value}: numbers between "
                "are given out again"
            )


def _large_objects(old: psycopg.Connection) -> Iterator[str]:
    row = old.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone()
    if row and row[0]:
        yield f"{row[0]} large objects were not compared: they have no rows"


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
