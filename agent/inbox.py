"""The webhooks that were accepted, kept as a ConfigMap: who answered 200 may die the next moment.

One entry for each alert, by its fingerprint. Either replica writes here, the leader answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from agent.webhook import Alert, Verdict
from ops import config_map
from ops.agent import INBOX
from ops.color import Color
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.cluster import Cluster

KEPT: Final = 50
"""How many alerts are remembered; those that wait for an answer are never dropped."""


class Entry(BaseModel):
    """One alert. `answer` is what the leader did about it, empty while it waits for that.

    `accepted_at` is by the clock of whoever accepted it.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    fingerprint: str
    alert: str
    color: Color
    summary: str
    starts_at: AwareDatetime
    accepted_at: AwareDatetime
    is_resolved: bool = False
    answer: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether it waits for an answer; what is over needs none."""
        return not self.answer and not self.is_resolved

    def is_same(self, fingerprint: str, starts_at: datetime) -> bool:
        """Whether it is this alert, and this time of it."""
        return self.fingerprint == fingerprint and self.starts_at == starts_at


def fold(entry: Entry | None, alert: Alert, now: datetime) -> tuple[Entry, Verdict]:
    """What an entry becomes by an alert that comes in, in whatever order they come. Pure.

    An alert's times are told apart by their beginning: an earlier one is stale, the same one a
    duplicate. What was once resolved does not fire again by a message that was late.
    """
    is_resolved = alert.status == "resolved"
    if entry is not None and alert.starts_at < entry.starts_at:
        return entry, Verdict.STALE
    if entry is not None and alert.starts_at == entry.starts_at:
        if is_resolved and not entry.is_resolved:
            return entry.model_copy(update={"is_resolved": True}), Verdict.RESOLVED
        return entry, Verdict.DUPLICATE
    made = Entry(
        fingerprint=alert.fingerprint,
        alert=alert.name,
        color=alert.color,
        summary=alert.summary,
        starts_at=alert.starts_at,
        accepted_at=now,
        is_resolved=is_resolved,
    )
    return made, Verdict.RESOLVED if is_resolved else Verdict.ACCEPTED


class Inbox:
    """The ConfigMap `rollback-inbox` of one namespace."""

    def __init__(
        self, cluster: Cluster, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._cluster = cluster
        self._clock = clock

    def accept(self, alerts: Iterable[Alert]) -> list[Verdict]:
        """Keep what is new of the alerts. What it says is true once it returns.

        Raises CouldNotFindOut if it could not be kept: whoever sent it must send it again.
        """
        given = list(alerts)
        verdicts: list[Verdict] = []

        def change(entries: dict[str, Entry]) -> dict[str, Entry]:
            verdicts.clear()
            for alert in given:
                found = entries.get(alert.fingerprint)
                entries[alert.fingerprint], verdict = fold(found, alert, self._clock())
                verdicts.append(verdict)
            return entries

        self._change(change)
        return verdicts

    def pending(self) -> list[Entry]:
        """Those that wait for an answer, the one that came first first. Raises CouldNotFindOut."""
        entries = self._read()
        return sorted(
            (entry for entry in entries.values() if entry.is_pending),
            key=lambda entry: entry.accepted_at,
        )

    def answer(self, entry: Entry, answer: str) -> None:
        """Note what was done about an entry, unless the alert has begun anew meanwhile."""

        def change(entries: dict[str, Entry]) -> dict[str, Entry]:
            found = entries.get(entry.fingerprint)
            if found is not None and found.is_same(entry.fingerprint, entry.starts_at):
                entries[entry.fingerprint] = found.model_copy(update={"answer": answer})
            return entries

        self._change(change)

    def _change(self, change: Callable[[dict[str, Entry]], dict[str, Entry]]) -> None:
        def changed(data: Mapping[str, str] | None) -> Mapping[str, str | None] | None:
            before = _parse(data or {})
            after = change(dict(before))
            if after == before:
                return None
            kept = _newest(after)
            gone: dict[str, str | None] = dict.fromkeys(before.keys() - kept.keys())
            return gone | {k: entry.model_dump_json(by_alias=True) for k, entry in kept.items()}

        config_map.change(self._cluster, INBOX, changed, again="send it again")

    def _read(self) -> dict[str, Entry]:
        return _parse((self._cluster.get("ConfigMap", INBOX) or {}).get("data") or {})


def _newest(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Without the oldest of those that were answered, where there are too many."""
    order = sorted(entries.values(), key=lambda e: (e.is_pending, e.accepted_at), reverse=True)
    waiting = sum(entry.is_pending for entry in order)
    return {entry.fingerprint: entry for entry in order[: max(KEPT, waiting)]}


def _parse(data: Mapping[str, str]) -> dict[str, Entry]:
    try:
        return {key: Entry.model_validate_json(text) for key, text in data.items()}
    except ValidationError as error:
        raise CouldNotFindOut(
            f"the ConfigMap {INBOX} stands but can't be understood ({error.error_count()} fields "
            f"are wrong). See `kubectl get configmap {INBOX} -o yaml`; deleting it forgets the "
            "alerts that wait, and Alertmanager sends those that still fire again"
        ) from error
