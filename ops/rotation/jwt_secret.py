"""A new secret for session tokens, while both colors serve and sessions go on. docs/rotation.md.

Every pod accepts the new secret before any pod signs with it, and the old one until the last token
that it signed has expired.
"""

from __future__ import annotations

from ops import failpoint
from ops.errors import Refused, UsageError
from ops.rotation import tokens
from ops.rotation.entry import ABORTED, DONE
from ops.rotation.jwt_steps import acts, require_colors
from ops.rotation.jwt_world import NEXT, PREVIOUS, SWITCHED, JwtRotation, World


def run(world: World, *, at_once: bool = False) -> JwtRotation:
    """Rotate; the entry stays open until `finish`, as the old secret is accepted until then.

    `at_once`: it is gone at once, and the entry closed. Raises Refused and CouldNotFindOut.
    """
    tools = world.tools
    entry = tools.journal.read()
    if entry is None:
        tools.require_alone()
        if not at_once:
            require_colors(world)
        entry = JwtRotation(**tools.born(), at_once=at_once)
        tools.journal.write(entry)
        failpoint.reach("rotation.begun")
    elif at_once and not entry.at_once:
        # Whoever knows the current secret may know the next one too: it is drawn anew.
        entry = entry.updated(at_once=True, step="", doing="", fresh="")
    entry = tools.walk(entry, acts(world, at_once=entry.at_once))
    return tools.close(entry, DONE) if entry.at_once else entry


def finish(world: World) -> JwtRotation:
    """Have the old secret accepted no more. Raises Refused while a token of it may be good."""
    tools = world.tools
    entry = tools.journal.read()
    if entry is None or not entry.is_waiting:
        found = "none is open" if entry is None else str(entry)
        raise UsageError(f"there is no rotation to finish: {found}")
    tools.require_alone()
    colors = require_colors(world)
    now, _ = tokens.times(world.sessions.begin(colors[0]))
    if (left := entry.issued + entry.seconds - now) > 0:
        raise Refused(
            f"sessions of before are good for {left / 60:.0f} min more: run this again then; or "
            "end them, with all others, by --now"
        )
    tools.forget(PREVIOUS, NEXT)
    failpoint.reach("rotation.finish.configured")
    tools.deploy()
    failpoint.reach("rotation.finish.deployed")
    return tools.close(entry, DONE)


def abort(world: World) -> JwtRotation:
    """Take the new secret back, as long as nothing was signed with it. Safe to run again."""
    tools = world.tools
    entry = tools.journal.read()
    if entry is None:
        raise UsageError("there is no rotation to abort: none is open")
    if entry.at_once or entry.step or entry.doing == SWITCHED:
        raise Refused(
            f"{entry}: sessions may be signed with the new secret by now. Run the command again to "
            "go on; to end all sessions, --now"
        )
    tools.require_alone()
    tools.forget(NEXT)
    tools.deploy()
    return tools.close(entry, ABORTED)


def would(world: World, *, at_once: bool) -> list[str]:
    """What a run would do, for people; changes nothing. Raises Refused."""
    entry = world.tools.journal.read()
    if entry is not None:
        return [f"would go on: {entry}"]
    world.tools.require_alone()
    if at_once:
        return ["draw a secret, and have every pod accept no other (`pulumi up`): all sessions end"]
    colors = " and ".join(require_colors(world))
    return [
        f"draw a secret, have {colors} accept it (`pulumi up`), and try that",
        "have every pod sign with it (`pulumi up`), the old one still accepted, and try that",
        "later, once the last old session has expired: --finish drops the old one",
    ]


def told(entry: JwtRotation) -> list[str]:
    """For people."""
    if entry.outcome == ABORTED:
        return ["aborted: nothing was signed with the new secret, and no pod has it any more"]
    if entry.outcome and entry.at_once:
        found = ["all sessions have ended: the new secret is the only one"]
    elif entry.outcome:
        found = ["the old secret is accepted no more"]
    else:
        found = [
            "every pod signs with the new secret; sessions of before go on for "
            f"{entry.seconds / 3600:.3g} h at most. Then run this with --finish"
        ]
    return [*found, "commit the stack's configuration now: another checkout has the old secret"]
