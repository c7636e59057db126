"""The public status page: `{"status": …, "message": …}` by POST, as the runbook has it."""

from dataclasses import dataclass
from typing import Final

from ops.notify.model import Event, NotificationFacts
from ops.notify.post import post

_SAID: Final = {
    "rollback": (
        "monitoring",
        "Some requests failed after an update. The previous version serves again; we are watching.",
    ),
    "stayed": ("investigating", "Some requests fail. We are working on it."),
    "acknowledged": ("resolved", "The incident is over. All requests are served."),
}
"""Fixed sentences, where no person says it: what happened inside is not for the public."""


@dataclass(frozen=True)
class StatusPage:
    """The page's API; with a bearer token where it wants one."""

    facts: NotificationFacts
    name: str = "status page"

    def wants(self, event: Event) -> bool:
        """What the public notices, or a person says; of a page that is for who was paged."""
        return event.public is not None or event.kind in _SAID

    def send(self, event: Event) -> None:
        """Tell it. Raises Undelivered."""
        token = self.facts.status_page_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        post(self.facts.status_page, message(event), headers)


def message(event: Event) -> dict[str, str]:
    """The incident as the page takes it."""
    if event.public is not None:
        return {"status": event.public.status, "message": event.public.message}
    status, said = _SAID[event.kind]
    return {"status": status, "message": said}
