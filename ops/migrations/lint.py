"""Findings on the SQL of migrations: squawk's and our own. Each is refused unless justified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ops.errors import Refused
from ops.migrations import rules, squawk
from ops.migrations.image import Revision
from ops.migrations.statements import Piece, pieces


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in one revision; `justified` is the revision's reason, if any."""

    revision: str
    rule: str
    why: str
    where: str
    justified: str = ""

    def __str__(self) -> str:
        told = f"{self.revision}: {self.rule}: {self.why} ({self.where})"
        return f"{told}; justified: {self.justified}" if self.justified else told


def lint(sql: str, revisions: Sequence[Revision]) -> list[Finding]:
    """What is wrong with the SQL of these revisions, justified or not.

    Raises CouldNotFindOut where squawk can't be run, Refused where the SQL lacks a revision.
    """
    by_id = {revision.id: revision for revision in revisions}
    found = pieces(sql)
    missing = sorted(set(by_id) - {piece.revision for piece in found})
    if missing:
        raise Refused(f"the image printed no SQL for {', '.join(missing)}, so it can't be judged")
    return [
        finding
        for piece in found
        if piece.revision in by_id
        for finding in _findings(piece, by_id[piece.revision])
    ]


def enforce(findings: Iterable[Finding]) -> None:
    """Raise Refused with every finding that the revision does not justify."""
    wrong = [finding for finding in findings if not finding.justified]
    if wrong:
        raise Refused(
            "\n".join(
                [
                    "the migrations are not safe to run while both colors live:",
                    *(f"  - {finding}" for finding in wrong),
                    "Mend the revision, or name the rule in its squawk_ignore with the reason why "
                    "it is right there. Nothing was changed",
                ]
            )
        )


def _findings(piece: Piece, revision: Revision) -> Iterable[Finding]:
    for each in rules.broken(piece.sql, revision.phase):
        may_be_justified = each.rule != rules.SILENCED
        reason = revision.squawk_ignore.get(each.rule, "").strip() if may_be_justified else ""
        yield Finding(revision.id, each.rule, each.why, each.where, reason)
    lines = piece.sql.splitlines()
    for found in squawk.findings(piece.sql):
        rule, line = str(found["rule_name"]), int(found["line"])
        where = lines[line].strip() if line < len(lines) else ""
        reason = revision.squawk_ignore.get(rule, "").strip()
        yield Finding(revision.id, rule, str(found["message"]), where, reason)
