"""What of the schema a release changes: nothing from the first contract on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.errors import Refused
from ops.migrations.migrations import Ahead
from ops.release.data import before_contract, require_enough
from ops.schema import Image
from tests.unit.test_migrations import plan


def ahead(at: int, needs: int = 3) -> Ahead:
    found = replace(plan(at), image=Image("v5", level=5, needs=needs))
    return Ahead(found, found.until("head"), [])


def todo(found: Ahead) -> list[str]:
    return [one.id for one in before_contract(found.todo)]


@pytest.mark.parametrize(("at", "wanted"), [(0, ["r1", "r2", "r3"]), (2, ["r3"]), (3, [])])
def test_it_ends_before_the_first_contract(at: int, wanted: list[str]) -> None:
    assert todo(ahead(at)) == wanted


def test_what_comes_behind_a_contract_is_left_with_it() -> None:
    assert "r5" not in todo(ahead(1))


def test_all_is_run_where_no_contract_is_pending() -> None:
    assert todo(ahead(4)) == ["r5"]


def test_an_image_that_needs_what_only_comes_with_a_contract_is_refused() -> None:
    found = ahead(1, needs=5)
    with pytest.raises(Refused, match="needs schema level 5, the database is at 3"):
        require_enough(found, before_contract(found.todo))


@pytest.mark.parametrize("at", [0, 3])
def test_an_image_that_can_do_with_what_was_expanded_passes(at: int) -> None:
    found = ahead(at)
    require_enough(found, before_contract(found.todo))
