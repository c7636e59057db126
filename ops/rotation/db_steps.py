"""The steps of a new database password; each can be killed anywhere, and done again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ops import failpoint
from ops.database import Address
from ops.errors import Refused
from ops.logins.leaving import Words, await_gone
from ops.logins.server import with_login
from ops.rotation import login
from ops.rotation.db_world import DatabaseRotation, World
from ops.rotation.entry import draw
from ops.rotation.tools import configured

LEFT: Final = "left"
CLOSED: Final = "closed"
"""From the end of the first on there is no way back to the old login."""


def acts(world: World) -> dict[str, Callable[[DatabaseRotation], DatabaseRotation]]:
    """What is done, in this order."""
    return {
        "made": partial(_made, world),
        "deployed": partial(_deployed, world),
        LEFT: partial(_left, world),
        CLOSED: partial(_closed, world),
    }


def _made(world: World, entry: DatabaseRotation) -> DatabaseRotation:
    where = Address.parse(world.facts().url)
    there = login.of_config(world.tools.stack.config(), where)
    # What is configured may be deployed already: its password is kept.
    password = there.password if there.user == entry.new else draw()
    world.roles.make(entry.new, entry.owner, password)
    failpoint.reach("rotation.made.role")
    wanted = with_login(where, entry.new, password)
    world.tools.say(world.roles.prove(wanted, entry.owner))
    # With the step that made it: nobody else has the password, and it is kept nowhere but there.
    world.tools.configure(login.secret(world.tools.stack.config(), wanted))
    return entry


def _deployed(world: World, entry: DatabaseRotation) -> DatabaseRotation:
    there = login.of_config(world.tools.stack.config(), Address.parse(world.facts().url))
    if there.user != entry.new or not world.roles.enters(there):
        raise Refused(
            f"the configuration does not log in as {entry.new}: this is not the checkout that the "
            "rotation was begun in, or its stack file was put back. Get that one; or --abort"
        )
    world.tools.deploy()
    return entry


def _left(world: World, entry: DatabaseRotation) -> DatabaseRotation:
    if not entry.at_once:
        await_left(world, entry.old)
    return entry


def await_left(world: World, role: str) -> None:
    """Return once nobody is logged in as `role`. Raises Refused, naming who is."""
    words = Words(
        f"of {role} end",
        f"{role} is still used",
        "Give whoever that is another login; or end them all with --now",
    )
    look = partial(world.roles.sessions, role)
    await_gone(look, world.leave_seconds, world.tools.say, words)


def _closed(world: World, entry: DatabaseRotation) -> DatabaseRotation:
    if entry.admin_password:
        _renew_administrator(world, entry)
        return entry
    world.roles.close(entry.old)
    failpoint.reach("rotation.closed.role")
    # Not waited for; or they came in between the look and the closing.
    _end(world, entry.old)
    world.tools.say(f"nobody can log in as {entry.old} any more")
    return entry


def _end(world: World, role: str) -> None:
    if ended := world.roles.end(role):
        world.tools.say(f"{ended} sessions of {role} were ended")
        await_left(world, role)


def _renew_administrator(world: World, entry: DatabaseRotation) -> None:
    """Scripts need that role: it is not closed, and gets another password by `pulumi up`."""
    config = world.tools.stack.config()
    if configured(config, login.ADMIN_NUMBER) != str(entry.admin_password):
        number = {login.ADMIN_NUMBER: str(entry.admin_password)}
        world.tools.stack.set({**world.tools.serial(config), **number})
        failpoint.reach("rotation.closed.configured")
    world.tools.deploy()
    if not world.roles.enters(world.facts().administrator):
        raise Refused(
            f"the instance does not take the new password of {entry.old} yet, which AWS may need "
            "minutes for"
        )
    if entry.at_once:
        _end(world, entry.old)
    world.tools.say(f"{entry.old}, the administrator, has a new password")
