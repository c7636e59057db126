"""Whether a database is sound in itself: no row breaks a constraint, no page is damaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from ops.backups.model import Check
from ops.backups.snapshot import reading
from ops.database import Address, asking, connect, one

if TYPE_CHECKING:
    from psycopg import Connection

CONSTRAINTS: Final = "constraints"
AMCHECK: Final = "amcheck"
_OURS: Final = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
_FOREIGN: Final = f"""
    SELECT n.nspname, c.relname, k.conname, c.relkind = 'r', fn.nspname, f.relname, f.relkind = 'r',
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, at)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY at),
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(num, at)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY at)
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND {_OURS} ORDER BY 1, 2, 3
"""  # noqa: S608 both parts are ours
_CHECKS: Final = f"""
    SELECT n.nspname, c.relname, k.conname, pg_get_expr(k.conbin, k.conrelid)
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'c' AND c.relkind = 'r' AND {_OURS} ORDER BY 1, 2, 3
"""  # noqa: S608 both parts are ours
_UNIQUE: Final = f"""
    SELECT n.nspname, c.relname, x.relname,
           ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(num, at)
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num
                 WHERE u.at <= i.indnkeyatts ORDER BY at)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      AND c.relkind = 'r' AND {_OURS} ORDER BY 1, 2, 3
"""  # noqa: S608 both parts are ours
_NOT_VALID: Final = f"""
    SELECT n.nspname || '.' || c.relname || '.' || k.conname
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT k.convalidated AND {_OURS} ORDER BY 1
"""  # noqa: S608 both parts are ours
_INDEXES: Final = """
    SELECT i.indexrelid, n.nspname ~ '^pg_'
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam
    JOIN pg_namespace n ON n.oid = x.relnamespace
    WHERE am.amname = 'btree' AND x.relpersistence = 'p' AND NOT x.relisshared
      AND i.indisvalid AND i.indisready AND x.relkind = 'i'
"""
_HEAPS: Final = """
    SELECT c.oid, c.oid::regclass::text FROM pg_class c
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND NOT c.relisshared
"""


@dataclass(frozen=True)
class _Rule:
    """One constraint, and a query that finds a row against it."""

    name: str
    breach: sql.Composed


def constraints(restored: Address, source: Address | None) -> Check:
    """Every foreign key, check and unique index, asked of the rows themselves and not of an index.

    One that is NOT VALID may have rows against it if it is so in the source too.
    """
    with reading(restored) as connection, asking(f"checking the constraints of {restored}"):
        for setting in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            connection.execute(sql.SQL("SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SET constraint_exclusion = off")
        rules = [*_foreign(connection), *_checks(connection), *_unique(connection)]
        broken = {rule.name for rule in rules if connection.execute(rule.breach).fetchone()}
        loose = _not_valid(connection)
    known: set[str] = set()
    if source is not None:
        with reading(source) as connection, asking(f"reading the constraints of {source}"):
            known = _not_valid(connection)
            if loose - known:
                return Check(
                    CONSTRAINTS,
                    "bad",
                    f"not validated, but so in the source: {_list(loose - known)}",
                )
    if broken - known:
        return Check(CONSTRAINTS, "bad", f"rows break {_list(broken - known)}")
    also = f"; NOT VALID, as in the source: {_list(loose)}" if loose else ""
    return Check(CONSTRAINTS, "good", f"no row breaks any of {len(rules)}{also}")


def amcheck(restored: Address) -> Check:
    """Every page of every table and B-tree index, by PostgreSQL's own extension.

    It is made and used in a transaction that is rolled back: the database stays as it is.
    """
    with connect(restored, autocommit=False) as connection:
        connection.read_only = False  # where the database says otherwise
        try:
            with asking(f"running amcheck in {restored}"):
                return _amcheck(connection)
        finally:
            if not connection.closed:
                connection.rollback()


def _amcheck(connection: Connection) -> Check:
    try:
        where = _extension(connection)
    except psycopg.Error as error:
        return Check(AMCHECK, "unknown", f"the extension amcheck can't be made: {_said(error)}")
    connection.execute("SET LOCAL statement_timeout = 0")
    parent = sql.SQL("SELECT {}.bt_index_parent_check(%s::regclass, true)").format(where)
    # Catalogs get the check with the weaker lock: everybody needs them.
    plain = sql.SQL("SELECT {}.bt_index_check(%s::regclass, true)").format(where)
    heap = sql.SQL("SELECT blkno, msg FROM {}.verify_heapam(%s::regclass) LIMIT 1").format(where)
    indexes = connection.execute(_INDEXES).fetchall()
    heaps = connection.execute(_HEAPS).fetchall()
    try:
        for oid, name in heaps:
            found = connection.execute(heap, [oid]).fetchone()
            if found is not None:
                return Check(AMCHECK, "bad", f"{name}, block {found[0]}: {found[1]}")
        for oid, is_catalog in indexes:
            connection.execute(plain if is_catalog else parent, [oid])
    except (psycopg.errors.IndexCorrupted, psycopg.errors.DataCorrupted) as error:
        return Check(AMCHECK, "bad", _said(error))
    return Check(AMCHECK, "good", f"{len(heaps)} tables and {len(indexes)} indexes are sound")


def _extension(connection: Connection) -> sql.Identifier:
    """The schema that amcheck is in, made for this transaction where it is nowhere."""
    query = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'amcheck'"
    found = one(connection, query)
    if found is None:
        found = "legal_ai_amcheck"
        connection.execute("CREATE SCHEMA legal_ai_amcheck")
        connection.execute("CREATE EXTENSION amcheck SCHEMA legal_ai_amcheck")
    return sql.Identifier(found)


def _foreign(connection: Connection) -> list[_Rule]:
    query = sql.SQL(
        "SELECT 1 FROM {} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {}) LIMIT 1"
    )
    found = []
    for row in connection.execute(_FOREIGN).fetchall():
        schema, table, name, is_plain, their_schema, their_table, are_plain, mine, theirs = row
        breach = query.format(
            _table(schema, table, is_plain),
            _all(sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(each)) for each in mine),
            _table(their_schema, their_table, are_plain),
            _all(
                sql.SQL("p.{} = c.{}").format(sql.Identifier(b), sql.Identifier(a))
                for a, b in zip(mine, theirs, strict=True)
            ),
        )
        found.append(_Rule(f"{schema}.{table}.{name}", breach))
    return found


def _checks(connection: Connection) -> list[_Rule]:
    return [
        _Rule(
            f"{schema}.{table}.{name}",
            sql.SQL("SELECT 1 FROM {} WHERE NOT ({}) LIMIT 1").format(
                _table(schema, table, is_plain=True), sql.SQL(expression)
            ),
        )
        for schema, table, name, expression in connection.execute(_CHECKS).fetchall()
    ]


def _unique(connection: Connection) -> list[_Rule]:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} GROUP BY {} HAVING count(*) > 1 LIMIT 1")
    return [
        _Rule(
            f"{schema}.{table}.{name}",
            query.format(
                _table(schema, table, is_plain=True),
                _all(sql.SQL("{} IS NOT NULL").format(sql.Identifier(each)) for each in columns),
                sql.SQL(", ").join(sql.Identifier(each) for each in columns),
            ),
        )
        for schema, table, name, columns in connection.execute(_UNIQUE).fetchall()
    ]


def _not_valid(connection: Connection) -> set[str]:
    return {str(row[0]) for row in connection.execute(_NOT_VALID)}


def _table(schema: str, table: str, is_plain: bool) -> sql.Composed:
    """A table by itself, or a partitioned one with its partitions."""
    only = sql.SQL("ONLY " if is_plain else "")
    return sql.SQL("{}{}").format(only, sql.Identifier(schema, table))


def _all(conditions: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(" AND ").join(conditions)


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())
