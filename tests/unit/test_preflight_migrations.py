"""The checklist's migrations: what would run is linted before anything is begun."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ops.color import Color
from ops.errors import Refused
from ops.migrations.image import Plan, Revision
from ops.migrations.migrations import Migrations
from ops.preflight import migrating
from ops.schema import Database, Image
from tests.unit.test_migrations_lint import printed, revision

RENAME = "ALTER TABLE users RENAME COLUMN full_name TO name;"


def same(digest: str) -> str:
    """Staging knows one image."""
    if digest != "sha256:tested":
        raise Refused("backend v2 is another image here")
    return "; the image that passed"


def linted(
    sql: str,
    *pending: Revision,
    ahead: bool = False,
    migrates: bool = True,
    digest: str = "sha256:tested",
) -> str:
    database = Database(0, 1, "")
    plan = Plan(Image("v2", 1, 1), database, ahead, pending, pending, sql, digest=digest)
    asked: list[Any] = []

    def target(color: Color, version: str) -> Any:
        asked.append((color, version))
        return asked

    facts = SimpleNamespace(migrations=SimpleNamespace(enabled=migrates))
    fake = SimpleNamespace(operations=facts, target=target, plan=lambda _: plan)
    said = migrating.is_linted(cast(Migrations, fake), Color.GREEN, "v2", same)
    assert asked == ([(Color.GREEN, "v2")] if migrates else [])
    return said


def test_what_is_pending_is_linted_and_what_is_wrong_is_bad() -> None:
    with pytest.raises(Refused, match="rename"):
        linted(printed(RENAME), revision())


def test_a_finding_that_its_revision_justifies_is_counted_and_passes() -> None:
    told = linted(
        printed(RENAME), revision(rename="nobody reads it", renaming_column="nobody reads it")
    )
    assert told == "a1: linted, 2 findings justified; the image that passed"


def test_nothing_pending_and_a_database_that_is_ahead_are_good() -> None:
    nothing = "nothing is pending; the image that passed"
    assert linted("") == nothing
    assert linted(printed(RENAME), revision(), ahead=True) == nothing


def test_an_image_that_is_not_the_one_of_staging_does_not_come_to_the_database() -> None:
    with pytest.raises(Refused, match="another image here"):
        linted("", digest="sha256:moved")


def test_a_stack_that_does_not_migrate_asks_no_image() -> None:
    assert linted("", migrates=False) == "this stack does not migrate"
