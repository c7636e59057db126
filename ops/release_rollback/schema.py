"""Pure: what of the schema goes back with a release, and who would not fit it then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ops.errors import Refused
from ops.migrations.tenants import Tenant, downgrade_problems

if TYPE_CHECKING:
    from ops.migrations.image import Plan
    from ops.release_rollback.entry import Undoing


def taken_back(plan: Plan, tenants: Iterable[Tenant], entry: Undoing) -> list[str]:
    """What a downgrade takes back once traffic is where the rollback brings it, for people.

    Raises Refused where the color that serves then would not fit, UsageError for no such revision.
    """
    if plan.is_ahead:
        raise Refused(
            f"the schema is at {plan.database.revision}, which {entry.version} does not have: it "
            "was made by a newer image. Nothing was changed; see `scripts/migrate.py plan`"
        )
    after = plan.after(plan.find(entry.revision))
    then = (replace(each, weight=0 if each.color is entry.color else 100) for each in tenants)
    bad, _ = downgrade_problems(then, after)
    if bad:
        raise Refused(
            f"{entry.revision} is too far back for who will serve: {'; '.join(bad)}. Nothing was "
            "changed; without --schema the rollback needs no older schema"
        )
    taken = plan.above(entry.revision)
    there = f"the schema is there already; one further back is {plan.below or 'nothing'}"
    return [f"takes back {one}: {one.title}" for one in taken] or [there]
