"""Pure: what is told of an incident; the same name ties beginning, news and end together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ops.incident import callout
from ops.notify import Event, Public

if TYPE_CHECKING:
    from ops.incident.entry import Incident

DEDUP: Final = "incident"
"""One incident at a time, so the name needs no more: its end is told even with no cluster."""
ENDED: Final = "The incident is over. All requests are served."
BEGUN: Final = "Some requests fail. We are working on it."
GOING_ON: Final = "We are still working on it."


def declared(incident: Incident, public: str) -> Event:
    """It has begun: people are woken. `public` is what the status page says."""
    return Event(
        kind="incident",
        title=f"Incident: {incident.title}",
        text=callout.text(incident.nature, incident.day),
        severity="critical",
        fields=_fields(incident),
        dedup=DEDUP,
        public=Public("investigating", public or BEGUN),
    )


def news(incident: Incident, status: str, public: str) -> Event:
    """How it goes on. Nobody is woken once more."""
    return Event(
        kind="progress",
        title=f"Incident, news: {incident.title}",
        text=incident.last.text,
        severity="info",
        fields=_fields(incident),
        public=Public(status, public or GOING_ON),
    )


def over(incident: Incident, public: str) -> Event:
    """It is over."""
    return Event(
        kind="resolved",
        title=f"Incident over: {incident.title}",
        text=incident.last.text,
        severity="info",
        fields=_fields(incident),
        dedup=DEDUP,
        public=Public("resolved", public or ENDED),
    )


def _fields(incident: Incident) -> dict[str, str]:
    first = incident.notes[0]
    return {"kind": str(incident.nature), "declared": first.at, "by": incident.last.by}
