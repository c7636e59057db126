"""Which sessions the application gives and takes, asked of each color's preview host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops.application import user
from ops.application.identity import Identity
from ops.application.visit import Visitor
from ops.color import Color
from ops.pods import OURS

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.operations import Operations

TIMEOUT_SECONDS: Final = 10.0
REFUSED: Final = 401


@dataclass(frozen=True)
class Sessions:
    """`facts` reads what was deployed last."""

    cluster: Cluster
    facts: Callable[[], Operations]

    def running(self) -> list[Color]:
        """The colors with pods; the others read their secrets when they start."""
        found = {
            Color(labels["color"])
            for each in self.cluster.list("Deployment", OURS)
            if (labels := each["metadata"].get("labels", {})).get("color") in set(Color)
            and (each.get("spec") or {}).get("replicas", 1)
        }
        return sorted(found)

    def begin(self, color: Color) -> str:
        """Log in as the smoke tests' user; the token. Raises Refused and CouldNotFindOut."""
        visitor = self._visitor(color)
        try:
            return user.log_in(visitor.visit(TIMEOUT_SECONDS), user.of_cluster(self.cluster, color))
        finally:
            visitor.close()

    def accepts(self, color: Color, token: str) -> bool:
        """Whether the color takes this token for a session. Raises as `begin`."""
        visitor = self._visitor(color)
        visitor.hidden.add(token)
        try:
            answer = visitor.visit(TIMEOUT_SECONDS).ask(
                "GET", "/api/users/me", token=token, expected=frozenset({REFUSED})
            )
        finally:
            visitor.close()
        return answer.status != REFUSED

    def _visitor(self, color: Color) -> Visitor:
        facts = self.facts()
        return Visitor(facts.preview_urls[color], Identity({color: facts.versions[color]}))
