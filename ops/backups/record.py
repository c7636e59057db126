"""When a backup was last taken and one last proven, as the alerts learn it.

The ConfigMap `backups` says so in the stack's namespace; the agent makes metrics of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

from ops import config_map
from ops.errors import CouldNotFindOut, OpsError
from ops.times import rfc3339

if TYPE_CHECKING:
    from ops.cluster import Cluster

NAME: Final = "backups"

Event = Literal["taken", "verified"]


@dataclass(frozen=True)
class Noted:
    """The last moment (aware) that was noted of an event, and the backup's id."""

    at: datetime
    backup: str


def read(cluster: Cluster) -> dict[Event, Noted]:
    """What was noted, as far as it was. Raises CouldNotFindOut."""
    data: Mapping[str, str] = (cluster.get("ConfigMap", NAME) or {}).get("data") or {}
    events: tuple[Event, ...] = get_args(Event)
    try:
        return {
            event: Noted(_aware(data[event]), data.get(f"{event}Id", ""))
            for event in events
            if data.get(event)
        }
    except ValueError as error:
        raise CouldNotFindOut(
            f"the ConfigMap {NAME} can't be understood: {error}. See "
            f"`kubectl get configmap {NAME} -o yaml`; the next backup writes it anew"
        ) from error


def note(cluster: Cluster, event: Event, at: datetime, backup: str) -> None:
    """Write down a moment and its backup's id; an older one than is known changes nothing.

    Raises CouldNotFindOut.
    """

    def noted(data: Mapping[str, str] | None) -> Mapping[str, str] | None:
        known = _moment(data, event)
        if known is not None and known >= at:
            return None
        return {event: rfc3339(at), f"{event}Id": backup}

    config_map.change(cluster, NAME, noted)


def tell(
    connect: Callable[[], Cluster],
    event: Event,
    at: datetime,
    backup: str,
    say: Callable[[str], None],
) -> None:
    """`note`, where it can't be: a word on what follows. The backup is as good without."""
    try:
        note(connect(), event, at, backup)
    except OpsError as error:
        say(
            f"{backup} was {event}, but the alerts could not be told and will call it missing "
            f"(BackupTooOld or BackupUnproven): {error}"
        )


def _moment(data: Mapping[str, str] | None, event: Event) -> datetime | None:
    """The moment that is known; one that can't be read is written anew."""
    try:
        return _aware((data or {}).get(event, ""))
    except ValueError:
        return None


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found
