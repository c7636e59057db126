"""The checklist's migrations: what the version's image would run, linted before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.migrations import lint

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.color import Color
    from ops.migrations.migrations import Migrations


def is_linted(
    migrations: Migrations, color: Color | None, version: str, compared: Callable[[str], str]
) -> str:
    """What is pending in the image, each finding justified. Raises Refused where one is not.

    A Job from the image says what is pending; it changes nothing. `compared` says of the digest
    that the Job ran whether it passed staging, and raises Refused where it did not.
    """
    if not migrations.operations.migrations.enabled:
        return "this stack does not migrate"
    plan = migrations.plan(migrations.target(color, version))
    same = compared(plan.digest)
    if plan.is_ahead or not plan.pending:
        return f"nothing is pending{same}"
    findings = lint.lint(plan.sql, plan.pending)
    lint.enforce(findings)
    told = ", ".join(one.id for one in plan.pending)
    justified = f", {len(findings)} findings justified" if findings else ""
    return f"{told}: linted{justified}{same}"
