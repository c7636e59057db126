"""A restored instance has the roles of its snapshot: the logins become those of now."""

from __future__ import annotations

from typing import Any

import pytest

from ops.backups.rds_instances import Instances
from ops.backups.rds_waiting import Patience
from ops.errors import Refused
from ops.logins.server import Server
from ops.logins.turns import following
from tests.unit import test_restore_places
from tests.unit.test_restore_places import SNAPSHOT, URL, Config, make, on_rds

rds = test_restore_places.rds


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was asked of the restored server, behind the host that the administrator has."""
    found: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        Server, "make", lambda self, *asked: found.append((self.admin().password, *asked))
    )
    monkeypatch.setattr(
        Server, "close", lambda self, role: found.append((self.admin().password, role))
    )
    return found


def restored(client: Any, user: str) -> None:
    make(client, "g1", "one")
    config = Config(**{"legal-ai:database": {"kind": "rds"}})
    config.on_up = lambda: make(client, "g2", "two")
    url = URL.replace("legal_ai_admin:p%40ss", f"{user}:mine")
    place = on_rds(client, config, url)
    place.instances = Instances(client, Patience(seconds=60, pause=0))
    place.restore(SNAPSHOT, "g2", lambda _: None)


def test_the_login_in_use_is_made_and_the_one_of_then_is_closed(
    rds: Any, done: list[tuple[str, ...]]
) -> None:
    restored(rds, "legal_ai_admin_b")
    made = ("two", "legal_ai_admin_b", "legal_ai_admin", "mine")
    assert done == [made, ("two", "legal_ai_admin_a")]


@pytest.mark.parametrize("user", ["legal_ai_admin", "somebody_a"])
def test_roles_that_no_rotation_made_are_left_as_they_were(
    rds: Any, done: list[tuple[str, ...]], user: str
) -> None:
    restored(rds, user)
    assert done == []


def test_a_name_that_postgresql_would_cut_off_is_refused() -> None:
    with pytest.raises(Refused, match="63 bytes"):
        following("x" * 62, "x" * 62)
    assert following("x" * 61, "x" * 61) == "x" * 61 + "_a"
