"""The silence of a release: warnings of this stack, for a time, by its label."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ops.alertmanager import Alertmanager
from ops.errors import CouldNotFindOut
from ops.silences import Matcher, Silence, require_sound
from ops.who import me

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.operations import Operations

WARNINGS: Final = Matcher("severity", "warning")
NONE: Final = "this stack has no Alertmanager: there is nothing to silence"


@dataclass(frozen=True)
class StackSilences:
    """`ops.release.tools.Silences`."""

    facts: Operations
    stack: str
    connect: Callable[[str], Alertmanager] = field(default=Alertmanager)

    def put(self, label: str, minutes: int) -> str:
        """Make the silence, or renew it; a sentence on it.

        Raises Refused above eight hours, CouldNotFindOut where Alertmanager does not answer.
        """
        server = self._server()
        if server is None:
            return NONE
        standing = self._standing(server, label)
        now = server.now().replace(microsecond=0)
        end = now + timedelta(minutes=minutes)
        own = (
            Matcher("namespace", self.facts.namespace),
            Matcher("stack", self.stack),
            WARNINGS,
        )
        require_sound(own, now, end, now)
        begun = standing.starts_at if standing else now
        wanted = Silence(own, begun, end, me(), label, id=standing.id if standing else "")
        made = server.put(wanted)
        return f"warnings are silent for {minutes} min at most ({made})"

    def end(self, label: str) -> str:
        """End it if it stands; a sentence on it.

        Where Alertmanager does not answer the sentence says so: nothing is held up by a silence
        that ends by itself, a way back least of all.
        """
        server = self._server()
        if server is None:
            return NONE
        try:
            standing = self._standing(server, label)
            if standing is None:
                return "the silence had ended"
            server.expire(standing.id)
        except CouldNotFindOut as error:
            return (
                f"the silence could not be ended ({error}): if it stands, warnings come again once "
                "it has run out. Sooner: `scripts/silence_alerts.py list`, and `expire`"
            )
        return f"the silence {standing.id} is ended"

    def _server(self) -> Alertmanager | None:
        monitoring = self.facts.monitoring
        has_one = monitoring is not None and monitoring.delivery != "none"
        url = monitoring.alertmanager_url if monitoring is not None and has_one else ""
        return self.connect(url) if url else None

    @staticmethod
    def _standing(server: Alertmanager, label: str) -> Silence | None:
        found = (each for each in server.silences() if each.stands and each.comment == label)
        return next(found, None)
