"""Whether the database looks as its revision says: levels, indexes, this release's models."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from .. import tables
from .session import Session
from .state import State


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `verdict` is good or bad."""

    name: str
    verdict: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """For `verify --json`."""
        return asdict(self)


def verify(session: Session) -> list[Check]:
    """Look at everything. Raises MigrateError only where nothing can be asked."""
    with session.engine.connect() as connection:
        state = session.state()
        looks: Sequence[tuple[str, Callable[[], tuple[list[str], str]]]] = (
            ("revision", lambda: _revision(session, state)),
            ("fit", lambda: _fit(session, state)),
            ("indexes", lambda: (_invalid_indexes(connection), "none is INVALID")),
            ("models", lambda: _drift(session, connection, state)),
        )
        return [_check(name, *look()) for name, look in looks]


def _check(name: str, problems: list[str], good: str) -> Check:
    return Check(name, "bad" if problems else "good", "; ".join(problems) or good)


def _revision(session: Session, state: State) -> tuple[list[str], str]:
    if state.revision is None:
        return ["the database was never migrated (alembic_version is empty)"], ""
    if session.is_ahead(state):
        return [], f"{state.revision}, unknown to this image: a newer one made it"
    level, floor = session.chain.at(state.revision)
    if (state.level, state.floor) != (level, floor):
        return [
            f"schema_level says level {state.level} and floor {state.floor}, revision "
            f"{state.revision} has level {level} and floor {floor}: somebody changed one by hand"
        ], ""
    left = session.chain.between(state.revision, session.chain.find(session.chain.head))
    if left:
        return [], f"{state.revision}; left: {', '.join(str(one) for one in left)}"
    return [], f"{state.revision}, this image's newest"


def _fit(session: Session, state: State) -> tuple[list[str], str]:
    problem = session.release.refuses(state.level, state.floor)
    release = session.release
    good = f"{release.version} (level {release.level}, needs {release.needs}) fits"
    return [problem] if problem else [], f"{good} level {state.level}, floor {state.floor}"


def _invalid_indexes(connection: Connection) -> list[str]:
    query = text(
        "SELECT i.indexrelid::regclass::text AS name, p.pid FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = i.indexrelid "
        "WHERE NOT i.indisvalid AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1"
    )
    return [
        f"{row.name} is being built by process {row.pid}: wait for it"
        if row.pid
        else f"{row.name} is INVALID: DROP INDEX CONCURRENTLY {row.name}, then migrate again"
        for row in connection.execute(query)
    ]


def _drift(session: Session, connection: Connection, state: State) -> tuple[list[str], str]:
    """What this release's models have and the tables don't, or have otherwise.

    What the tables have beyond the models belongs to another release. Nullability is compared at
    this release's own level only: in between, a column is on its way.
    """
    models = tables.all_tables(session.release)
    is_own = state.level == session.release.level
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    wrong = []
    for found in compare_metadata(context, models):
        for difference in found if isinstance(found, list) else [found]:
            told = _told(difference, nullability=is_own)
            if told:
                wrong.append(told)
    return wrong, f"{len(models.tables)} tables have what the code of this release uses"


def _told(difference: tuple[Any, ...], *, nullability: bool) -> str:
    kind = difference[0]
    if kind == "add_table":
        return f"table {difference[1].name} is missing"
    if kind == "add_column":
        return f"column {difference[2]}.{difference[3].name} is missing"
    if kind == "modify_type":
        return f"{difference[2]}.{difference[3]} is {difference[5]!r}, should be {difference[6]!r}"
    if kind == "modify_nullable" and nullability:
        may = "may be NULL" if difference[5] else "may not be NULL"
        return f"{difference[2]}.{difference[3]} {may}, which the code does not expect"
    return ""
