"""Our own rules for migrations: what each phase may do, and with which limits it may wait."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ops.migrations.image import Phase
from ops.migrations.statements import comments, statements

SILENCED: Final = "silenced-in-sql"
"""The one rule that no justification lifts: reasons belong into the revision file."""

_DROP_OBJECT: Final = re.compile(r"^DROP (?!INDEX CONCURRENTLY\b)", re.IGNORECASE)
_DROP_PART: Final = re.compile(
    r"^ALTER .*\bDROP (?!CONSTRAINT\b|NOT NULL\b|DEFAULT\b|IDENTITY\b|EXPRESSION\b)", re.IGNORECASE
)
_RENAME: Final = re.compile(r"^ALTER .*\bRENAME\b", re.IGNORECASE)
_NOT_NULL: Final = re.compile(r"^ALTER .*\bSET NOT NULL\b", re.IGNORECASE)
_LIMIT: Final = re.compile(
    r"^(SET|RESET)(?: SESSION| LOCAL)? (lock_timeout|statement_timeout)(?:(?: TO|\s*=)\s*(.*))?$",
    re.IGNORECASE,
)
_CONCURRENT: Final = re.compile(r"^(CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b", re.IGNORECASE)
_VALIDATE: Final = re.compile(r"^ALTER .*\bVALIDATE CONSTRAINT\b", re.IGNORECASE)
_CHANGE: Final = re.compile(r"^(ALTER|CREATE|DROP|TRUNCATE|UPDATE|DELETE)\b", re.IGNORECASE)
_SQUAWK_IGNORE: Final = re.compile(r"squawk-ignore", re.IGNORECASE)


@dataclass(frozen=True)
class Broken:
    """A rule that some SQL breaks, and where."""

    rule: str
    why: str
    where: str


def broken(sql: str, phase: Phase) -> Iterator[Broken]:
    """What one revision's SQL (`statements.Piece`) does that its phase, or no phase, may do."""
    for comment in comments(sql):
        if _SQUAWK_IGNORE.search(comment):
            why = "a comment silences the linter: name the rule in squawk_ignore, with the reason"
            yield Broken(SILENCED, why, comment)
    limits = _Limits()
    for statement in statements(sql):
        yield from _of_phase(statement, phase)
        yield from limits.broken(statement)


def _of_phase(statement: str, phase: Phase) -> Iterator[Broken]:
    if _RENAME.search(statement):
        why = "a rename breaks the code of one color or the other: add, migrate, then contract"
        yield Broken("rename", why, statement)
    drops = _DROP_OBJECT.search(statement) or _DROP_PART.search(statement)
    if drops and phase is not Phase.CONTRACT:
        why = "takes away what older code may need: that is a contract, a release later"
        yield Broken("drop-outside-contract", why, statement)
    if _NOT_NULL.search(statement) and phase is Phase.EXPAND:
        why = "refuses the rows of older code, which does not know the column"
        yield Broken("not-null-in-expand", why, statement)


class _Limits:
    """Follows lock_timeout and statement_timeout from statement to statement; 0 is none."""

    def __init__(self) -> None:
        self._at_start: dict[str, bool] = {}
        self._now: dict[str, bool] = {}
        self._began = False

    def broken(self, statement: str) -> Iterator[Broken]:
        if limit := _LIMIT.match(statement):
            self._set(limit[1].upper(), limit[2].lower(), (limit[3] or "").strip())
        elif _CONCURRENT.search(statement):
            if self._now.get("statement_timeout"):
                why = "takes as long as the table is big: SET statement_timeout = 0 before it"
                yield Broken("concurrent-index-limited", why, statement)
        elif _CHANGE.search(statement) and not _VALIDATE.search(statement):
            for name in ("lock_timeout", "statement_timeout"):
                if not self._now.get(name):
                    why = f"runs without {name}: waiting for a lock, it makes everybody wait"
                    yield Broken(f"no-{name.replace('_', '-')}", why, statement)
        self._began = self._began or statement.upper() == "BEGIN"

    def _set(self, act: str, name: str, value: str) -> None:
        self._now[name] = self._at_start.get(name, False) if act == "RESET" else value != "0"
        if not self._began:
            self._at_start[name] = self._now[name]
