"""Issue 3 of the runbook: a migration that failed, and what it left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, LiteralString

from ops import names, schema, schema_record
from ops.color import Color
from ops.database import asking
from ops.diagnosis.cause import Cause, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from ops.cluster import Cluster

AREA: Final = "migration"
LOG_LINES: Final = 10


def look_in_cluster(cluster: Cluster, images: Mapping[Color, str]) -> Iterator[Cause]:
    """Migrations whose last try failed, and images that don't fit the schema as recorded."""
    for color in images:
        pods = cluster.list("Pod", {"app": names.MIGRATE, "color": str(color)})
        pods.sort(key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
        for pod in pods[-1:]:
            ended = schema_record.ended(pod)
            if ended and ended.get("exitCode") != 0:
                said = str(ended.get("message") or "").strip().splitlines()[-LOG_LINES:]
                yield Cause(
                    AREA,
                    Weight.BAD,
                    f"the migration of {color} failed: pod {pod['metadata']['name']} ended with "
                    f"exit code {ended.get('exitCode')}",
                    f"`scripts/migrate.py plan --color {color}` shows how far it came; mend the "
                    f"revision, then `scripts/migrate.py upgrade --color {color}` goes on. To go "
                    "back: `scripts/migrate.py downgrade REV`, with the revision that `plan` names "
                    "as one back. If data is lost: `scripts/restore_production_db.py latest`",
                    tuple(said),
                )
    yield from _misfits(schema_record.read(cluster), images)


def _misfits(record: schema.Record, images: Mapping[Color, str]) -> Iterator[Cause]:
    for color, ref in images.items():
        image = record.images.get(ref)
        if image is None or record.database is None:
            continue
        if problem := schema.problem(image, record.database):
            yield Cause(
                AREA,
                Weight.BAD,
                f"{color} can't run on this database: {problem}",
                f"`scripts/migrate.py upgrade --color {color}`, or deploy a version that fits",
                (f"image {ref}", f"database revision {record.database.revision}"),
            )


def look_in_database(connection: psycopg.Connection) -> Iterator[Cause]:
    """What a migration that was stopped in the middle leaves: INVALID indexes, unproven rules."""
    yield from _each(
        connection,
        "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid",
        "index {} is INVALID: its concurrent build was stopped, and no query uses it",
        "run `scripts/migrate.py upgrade` again: it drops and builds it anew",
    )
    yield from _each(
        connection,
        "SELECT conrelid::regclass::text || '.' || conname FROM pg_constraint "
        "WHERE NOT convalidated AND contype IN ('c', 'f')",
        "constraint {} is NOT VALID: older rows were never checked",
        "run `scripts/migrate.py upgrade` again, or VALIDATE it in a revision",
        Weight.HINT,
    )
    with asking("reading alembic_version"):
        there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if not there or there[0] is None:
            yield Cause(
                AREA,
                Weight.BAD,
                "the database has no table alembic_version: nothing was ever migrated in it",
                "`scripts/migrate.py upgrade`; if this database should have data, look whether "
                "`database.url` is the right one",
            )
            return
        heads = [str(row[0]) for row in connection.execute("SELECT * FROM alembic_version")]
    if len(heads) != 1:
        yield Cause(
            AREA,
            Weight.BAD,
            f"alembic_version has {len(heads)} rows, and one is right",
            "merge the heads in a revision (`alembic merge`), then `scripts/migrate.py upgrade`",
            tuple(heads),
        )


def _each(
    connection: psycopg.Connection,
    query: LiteralString,
    found: str,
    mend: str,
    weight: Weight = Weight.BAD,
) -> Iterable[Cause]:
    with asking("looking for what a migration left behind"):
        rows = connection.execute(query).fetchall()
    return [Cause(AREA, weight, found.format(row[0]), mend) for row in rows]
