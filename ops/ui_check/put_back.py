"""What the journey changes for the user, remembered before and put back afterwards by the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ops.application import leftovers
from ops.application.user import User, log_in
from ops.application.visit import Visitor

PLACES: Final = {"/api/profile": "organization", "/api/settings": "language"}
"""Where the journey changes something, and what."""
TIMEOUT_SECONDS: Final = 15.0


@dataclass
class PutBack:
    """The user as the journey finds it. Its requests are not the browser's."""

    visitor: Visitor
    user: User
    timeout_seconds: float = TIMEOUT_SECONDS
    _token: str = field(default="", repr=False)
    _before: dict[str, Any] = field(default_factory=dict)

    def remember(self) -> None:
        """Log in and read what the journey will change. Raises as requests do."""
        visit = self.visitor.visit(self.timeout_seconds)
        self._token = log_in(visit, self.user)
        for path, key in PLACES.items():
            self._before[path] = visit.ask("GET", path, token=self._token).json().get(key)

    def undo(self, filename: str) -> str:
        """Write back what differs, and delete the journey's document. Says what was done."""
        visit = self.visitor.visit(self.timeout_seconds)
        done = []
        for path, key in PLACES.items():
            old = self._before[path]
            if old is not None and visit.ask("GET", path, token=self._token).json().get(key) != old:
                visit.ask("PUT", path, token=self._token, body={key: old})
                done.append(f"put {key} back")
        done.append(leftovers.remove(visit, self._token, filename))
        return ", ".join(done)
