"""Whether the public is served, and by whom: one request to its host, as anybody would send it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops.application import identity
from ops.application.visit import Visitor
from ops.color import Color
from ops.errors import Refused

if TYPE_CHECKING:
    from ops.rollback.facts import Facts

SECONDS: Final = 2.0
"""How long the answer may take: whoever waits longer is not served."""
PATH: Final = "/health"


@dataclass(frozen=True)
class Served:
    """A good answer: whose it was."""

    url: str
    status: int
    color: Color
    version: str

    def __str__(self) -> str:
        return f"{self.url}{PATH} is answered {self.status} by {self.color} {self.version}"


def ask(url: str) -> Served:
    """What the public host answers.

    Raises Refused for an answer that is not good, or too slow, CouldNotFindOut where nothing
    listens or the host is not known here.
    """
    with closing(Visitor(url, identity.anybody())) as visitor:
        answer = visitor.visit(SECONDS).ask("GET", PATH)
        color, version = visitor.identity.seen or ("", "")
        return Served(url, answer.status, Color(color), version)


def judged(served: Served, facts: Facts | None) -> str:
    """The answer for people. Raises Refused for a color that the live route gives nothing.

    `facts`: None where the route could not be read.
    """
    if facts is not None and not facts.live.has_traffic(served.color):
        raise Refused(
            f"{served}, to which the live route sends nobody: the gateway does not follow it, or "
            "another one answers there"
        )
    return str(served)
