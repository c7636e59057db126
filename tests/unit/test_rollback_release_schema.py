"""Which schema a release may be rolled back to: by who serves afterwards, not by who serves now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.errors import Refused, UsageError
from ops.migrations.tenants import Tenant
from ops.release_rollback.entry import Step, Undoing
from ops.release_rollback.schema import taken_back
from ops.schema import Image
from tests.unit.test_migrations import BLUE, GREEN, plan

ENTRY = Undoing(
    id="1",
    color=GREEN,
    version="v5",
    revision="r2",
    reason="",
    by="",
    started="",
    step=Step.TRAFFIC,
)
FAILED = Tenant(GREEN, "backend:v5", Image("v5", 5, 3), replicas=2, weight=100)


def blue(needs: int) -> Tenant:
    """The color that will serve; it has nothing yet."""
    return Tenant(BLUE, "backend:v2", Image("v2", needs, needs), replicas=0, weight=0)


def test_the_color_that_failed_need_not_fit_though_it_has_the_traffic_now() -> None:
    assert taken_back(plan(3), [FAILED, blue(needs=2)], ENTRY) == [
        "takes back r3 (level 3, migrate): "
    ]


def test_the_color_that_will_serve_must_fit_though_it_has_nothing_now() -> None:
    with pytest.raises(Refused, match="blue serves 100 % of the public with v2"):
        taken_back(plan(3), [FAILED, blue(needs=3)], ENTRY)


def test_a_schema_that_a_newer_image_made_is_not_taken_back_by_this_one() -> None:
    with pytest.raises(Refused, match="newer image"):
        taken_back(replace(plan(5), is_ahead=True), [FAILED, blue(needs=2)], ENTRY)


def test_a_revision_that_there_is_not_is_told_before_anything_moves() -> None:
    with pytest.raises(UsageError, match="it has r1"):
        taken_back(plan(3), [FAILED], ENTRY.updated(revision="zz"))


def test_where_the_schema_is_there_already_that_is_said_with_what_is_below_it() -> None:
    assert taken_back(plan(2), [FAILED], ENTRY) == [
        "the schema is there already; one further back is r1"
    ]
