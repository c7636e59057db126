"""Which color and version must answer, and whether it is one alone that does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops import names
from ops.color import Color
from ops.errors import UsageError
from ops.image import is_digest
from ops.operations import Operations

ANY_VERSION = ""


@dataclass
class Identity:
    """The colors that may answer, each with its version (`ANY_VERSION`: any, as is a digest).

    A visitor stays with one color: whoever answered first has to answer to the end.
    """

    allowed: Mapping[Color, str]
    seen: tuple[str, str] | None = None

    def problem(self, headers: Mapping[str, str]) -> str:
        """What is wrong with an answer's sender, by its headers; empty when nothing is."""
        found = {name.lower(): value for name, value in headers.items()}
        color = found.get(names.APP_COLOR_HEADER.lower(), "")
        if not color:
            return f"it does not come from the application (no {names.APP_COLOR_HEADER})"
        routed = found.get(names.COLOR_HEADER.lower(), color)
        if routed != color:
            return (
                f"the route chose {routed} but {color} answered: a Service selects the wrong pods"
            )
        version = found.get(names.APP_VERSION_HEADER.lower(), "")
        if color not in set(self.allowed):
            return f"{color} answered, {' or '.join(sorted(self.allowed))} has to"
        wanted = self.allowed[Color(color)]
        if wanted and not is_digest(wanted) and version != wanted:
            return f"version {version or 'unknown'} of {color} answered, {wanted} has to"
        self.seen = self.seen or (color, version)
        if self.seen != (color, version):
            return f"{color} {version} answered, and {' '.join(self.seen)} before"
        return ""


def anybody(color: Color | None = None, version: str | None = None) -> Identity:
    """Who may answer as far as a person said it: a color, a version, both or neither."""
    colors = [color] if color else list(Color)
    return Identity(dict.fromkeys(colors, version or ANY_VERSION))


def of_stack(
    facts: Operations, url: str, color: Color | None = None, version: str | None = None
) -> Identity:
    """Who may answer at one of the stack's own addresses; a color and a version narrow it.

    Which color the public host has is the route's business; it must be one that is deployed, at
    the version that was deployed. Raises UsageError for another address or a color that can't be.
    """
    hosts = {_bare(address): each for each, address in facts.preview_urls.items()}
    if _bare(url) in hosts:
        colors = {hosts[_bare(url)]}
    elif _bare(url) == _bare(facts.public_url):
        colors = set(facts.versions)
    else:
        known = ", ".join([facts.public_url, *facts.preview_urls.values()])
        raise UsageError(f"{url} is none of the stack's addresses: {known}")
    if color is not None and color not in colors:
        raise UsageError(f"{color} can't answer at {url}: {', '.join(sorted(colors))} can")
    wanted = {color} if color else colors
    return Identity({each: version or facts.versions[each] for each in sorted(wanted)})


def _bare(url: str) -> str:
    return url.rstrip("/").lower()
