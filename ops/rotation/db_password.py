"""A new password for the database, while both colors serve. docs/adr/0013 says why so.

Two logins take turns, both act as the role that owns the data. The old one is closed when no
session of it is left.
"""

from __future__ import annotations

from ops import failpoint
from ops.database import Address
from ops.errors import Refused, UsageError
from ops.logins.turns import following
from ops.rotation import login
from ops.rotation.db_steps import CLOSED, LEFT, acts, await_left
from ops.rotation.db_world import DatabaseRotation, World
from ops.rotation.entry import ABORTED, DONE


def run(world: World, *, at_once: bool = False) -> DatabaseRotation:
    """Rotate, or go on with what was begun. Returns it, closed.

    Raises Refused, UsageError and CouldNotFindOut; then it stays open, and the application has a
    login that works.
    """
    tools = world.tools
    entry = tools.journal.read()
    if entry is None:
        tools.require_alone()
        entry = plan(world, at_once=at_once)
        tools.journal.write(entry)
        failpoint.reach("rotation.begun")
    else:
        tools.say(f"going on: {entry}")
        entry = entry.updated(at_once=entry.at_once or at_once)
    return tools.close(tools.walk(entry, acts(world)), DONE)


def abort(world: World) -> DatabaseRotation:
    """Go back to the old login, as long as it is open. Safe to run again. Raises as `run`."""
    tools = world.tools
    entry = tools.journal.read()
    if entry is None:
        raise UsageError("there is no rotation to abort: none is open")
    if entry.step in {LEFT, CLOSED}:
        raise Refused(f"{entry}: {entry.old} is being closed. Run the command again to finish it")
    tools.require_alone()
    deployed = Address.parse(world.facts().url)
    there = login.of_config(tools.stack.config(), deployed)
    if there.user == entry.new:
        if deployed.user == entry.new:
            raise Refused(
                f"what was deployed last logs in as {entry.new} already: run the command again to "
                "finish; or put the stack file of before back (git), then --abort again"
            )
        there = deployed
        tools.configure(login.secret(tools.stack.config(), there))
    if not world.roles.enters(there):
        raise Refused(f"{there} is not let in, so no pod can go back to it: look at the stack file")
    failpoint.reach("rotation.abort.configured")
    tools.deploy()
    await_left(world, entry.new)
    tools.journal.fence()
    world.roles.close(entry.new)
    return tools.close(entry, ABORTED)


def plan(world: World, *, at_once: bool = False) -> DatabaseRotation:
    """What would be done; changes nothing. Raises Refused where it can't be, and as `connect`."""
    config, facts = world.tools.stack.config(), world.facts()
    login.require_own_role(config, facts)
    old, owner = world.roles.acts_as(Address.parse(facts.url))
    return DatabaseRotation(
        **world.tools.born(),
        old=old,
        new=following(owner, old),
        owner=owner,
        at_once=at_once,
        admin_password=login.next_admin_password(config, facts, old),
    )


def would(world: World) -> list[str]:
    """What a run would do, for people; changes nothing. Raises as `plan`."""
    entry = world.tools.journal.read()
    if entry is not None:
        return [f"would go on: {entry}"]
    world.tools.require_alone()
    entry = plan(world)
    return [
        f"make {entry.new}, which acts as {entry.owner}, with a new password, and try it",
        "write it into the stack's configuration, then `pulumi up`: pods of both colors are "
        "replaced, none before its successor is ready",
        f"wait until nobody is connected as {entry.old}, at most {world.leave_seconds / 60:g} min",
        f"draw a new password for {entry.old}, the administrator (`pulumi up`)"
        if entry.admin_password
        else f"close {entry.old}",
    ]


def told(entry: DatabaseRotation) -> list[str]:
    """For people."""
    if entry.outcome == ABORTED:
        return [f"aborted: the application logs in as {entry.old} as before, {entry.new} is closed"]
    closed = "has a new password" if entry.admin_password else "can't log in any more"
    return [
        f"the application logs in as {entry.new}, and acts as {entry.owner}; {entry.old} {closed}",
        "commit the stack's configuration now: another checkout still has the old password",
    ]
