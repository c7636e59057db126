"""The tools of a rotation for a stack as it is deployed, and the Lease that one run has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from ops import operations, pods
from ops.isolation import Isolation
from ops.journal import ClusterJournal, Kept
from ops.lease import Lease, held
from ops.logins.server import Server
from ops.rotation import api_keys, db_world, jwt_world, surroundings
from ops.rotation.entry import Entry
from ops.rotation.sessions import Sessions
from ops.rotation.tools import Say, Tools
from ops.who import RUN, me

if TYPE_CHECKING:
    from ops.stack import Stack

E = TypeVar("E", bound=Entry)

LEASE: Final = "rotation"
LEASE_SECONDS: Final = 15.0
"""How long a run that fell silent is waited for before another one may go on."""


@contextmanager
def alone(stack: Stack, say: Say) -> Iterator[None]:
    """Keep a second rotation of whatever kind out. Raises Refused and CouldNotFindOut."""
    with held(Lease(operations.read(stack).cluster(), LEASE, RUN, LEASE_SECONDS), say):
        yield


def db_password_of(stack: Stack, say: Say) -> db_world.World:
    """Raises UsageError and CouldNotFindOut."""
    return db_world.World(
        tools=_tools(stack, db_world.KEPT, say),
        roles=Server(lambda: operations.read(stack).database.administrator),
        facts=lambda: operations.read(stack).database,
    )


def jwt_secret_of(stack: Stack, say: Say) -> jwt_world.World:
    """Raises UsageError and CouldNotFindOut."""
    return jwt_world.World(
        tools=_tools(stack, jwt_world.KEPT, say),
        sessions=Sessions(operations.read(stack).cluster(), lambda: operations.read(stack)),
    )


def api_keys_of(stack: Stack, say: Say) -> api_keys.World:
    """Raises UsageError and CouldNotFindOut."""
    return api_keys.world(_tools(stack, api_keys.KEPT, say))


def _tools(stack: Stack, kept: Kept[E], say: Say) -> Tools[E]:
    cluster = operations.read(stack).cluster()
    return Tools(
        stack=stack,
        journal=ClusterJournal(cluster, kept),
        against=lambda: surroundings.against(
            cluster, stack.config(), lambda: operations.read(stack)
        ),
        unready=lambda: pods.unready(cluster),
        now=cluster.server_now,
        by=me(),
        say=say,
        isolated=lambda: str(Isolation.read(cluster) or ""),
    )
