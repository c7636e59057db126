"""The steps of a new JWT secret; each can be killed anywhere, and done again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ops import failpoint
from ops.errors import Refused
from ops.rotation import tokens
from ops.rotation.entry import draw, fingerprint
from ops.rotation.jwt_world import (
    ACCEPTED,
    CURRENT,
    NEXT,
    PREVIOUS,
    REVOKED,
    SWITCHED,
    JwtRotation,
    World,
)
from ops.rotation.tools import configured

if TYPE_CHECKING:
    from ops.color import Color


def acts(world: World, *, at_once: bool) -> dict[str, Callable[[JwtRotation], JwtRotation]]:
    """What is done, in this order."""
    if at_once:
        return {REVOKED: partial(_revoked, world)}
    return {ACCEPTED: partial(_accepted, world), SWITCHED: partial(_switched, world)}


def _accepted(world: World, entry: JwtRotation) -> JwtRotation:
    """Every pod takes tokens of the next secret; none signs with it yet."""
    tools = world.tools
    following = configured(tools.stack.config(), NEXT)
    if not entry.fresh or fingerprint(following) != entry.fresh:
        following = draw()
        entry = entry.updated(fresh=fingerprint(following))
        tools.journal.write(entry)
        failpoint.reach("rotation.accepted.drawn")
    tools.configure({NEXT: following})
    failpoint.reach("rotation.accepted.configured")
    tools.deploy()
    for color in require_colors(world):
        token = world.sessions.begin(color)
        _require_signed(color, token, configured(tools.stack.config(), CURRENT))
        tokens.times(token)
        if not world.sessions.accepts(color, tokens.signed_again(token, following)):
            raise Refused(
                f"the release in {color} takes no token of JWT_SECRET_NEXT, so a change would end "
                "its sessions: deploy one there that does, or scale it to 0; or --abort; or --now, "
                "which ends all sessions"
            )
    tools.say("every pod accepts the new secret")
    return entry


def _switched(world: World, entry: JwtRotation) -> JwtRotation:
    """Every pod signs with the new secret, and takes tokens of the old one."""
    tools = world.tools
    config = tools.stack.config()
    current, following = configured(config, CURRENT), configured(config, NEXT)
    if fingerprint(current) != entry.fresh:
        if fingerprint(following) != entry.fresh:
            raise Refused(
                "the stack file has not the secret that this rotation drew: get the checkout that "
                "it was begun in (git)"
            )
        # In this order a run that is killed in between has lost neither.
        tools.configure({PREVIOUS: current})
        failpoint.reach("rotation.switched.kept")
        tools.configure({CURRENT: following})
    failpoint.reach("rotation.switched.configured")
    tools.deploy()
    config = tools.stack.config()
    for color in require_colors(world):
        token = world.sessions.begin(color)
        _require_signed(color, token, configured(config, CURRENT))
        if not world.sessions.accepts(
            color, tokens.signed_again(token, configured(config, PREVIOUS))
        ):
            raise Refused(
                f"{color} takes no token of JWT_SECRET_PREVIOUS any more: sessions of before have "
                "ended there. Look at its release"
            )
        issued, expires = tokens.times(token)
        seconds = max(entry.seconds, expires - issued)
        entry = entry.updated(issued=max(entry.issued, issued), seconds=seconds)
    return entry


def _revoked(world: World, entry: JwtRotation) -> JwtRotation:
    """One fresh secret, and nothing else is accepted."""
    tools = world.tools
    old = configured(tools.stack.config(), CURRENT)
    if not entry.fresh or fingerprint(old) != entry.fresh:
        new = draw()
        entry = entry.updated(fresh=fingerprint(new))
        tools.journal.write(entry)
        failpoint.reach("rotation.revoked.drawn")
        tools.configure({CURRENT: new})
    failpoint.reach("rotation.revoked.configured")
    tools.forget(PREVIOUS, NEXT)
    tools.deploy()
    if isolated := tools.isolated():
        tools.say(f"which sessions are accepted can't be asked: {isolated}")
        return entry
    new = configured(tools.stack.config(), CURRENT)
    for color in world.sessions.running():
        token = world.sessions.begin(color)
        _require_signed(color, token, new)
        if old != new and world.sessions.accepts(color, tokens.signed_again(token, old)):
            raise Refused(f"{color} still takes tokens of the old secret: look at its release")
    tools.say("all sessions of before have ended")
    return entry


def require_colors(world: World) -> list[Color]:
    """The colors with pods. Raises Refused where there are none, or nobody can ask them."""
    if isolated := world.tools.isolated():
        raise Refused(
            f"{isolated}. So no color can be asked whether sessions go on: use --now, or run this "
            "again after scripts/incident.py reopen"
        )
    colors = world.sessions.running()
    if not colors:
        raise Refused("no color has a pod, so nobody can say which secrets are accepted")
    return colors


def _require_signed(color: Color, token: str, secret: str) -> None:
    if not tokens.is_signed_by(token, secret):
        raise Refused(
            f"{color} signs its tokens with another secret than the configured JWT_SECRET: look at "
            "its release, and at `pulumi preview`"
        )
