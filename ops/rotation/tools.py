"""What every rotation works with, and its walk from step to step; tests put others in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from ops import failpoint
from ops.config import Reconfigured, raised
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.journal import ClusterJournal, TakenOver
from ops.rotation.entry import Entry
from ops.times import rfc3339, stamp

E = TypeVar("E", bound=Entry)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tools(Generic[E]):
    """`against` gives sentences: why an `up` would be more than this rotation.

    `unready` names the Deployments of both colors that are not all there. `isolated` says since
    when and why nobody gets in; empty: people do.
    """

    stack: Reconfigured
    journal: ClusterJournal[E]
    against: Callable[[], list[str]]
    unready: Callable[[], list[str]]
    now: Callable[[], datetime]
    by: str
    say: Say
    isolated: Callable[[], str] = lambda: ""

    def require_alone(self) -> None:
        """Raise Refused where an `up` would do more than this rotation."""
        if found := self.against():
            raise Refused(
                f"no secret is rotated now: {'; '.join(found)}. Nothing was changed by this run"
            )

    def born(self) -> dict[str, str]:
        """The fields that every new entry has."""
        started = self.now().replace(microsecond=0)
        return {"id": f"{started:%Y%m%dT%H%M%SZ}", "by": self.by, "started": rfc3339(started)}

    def configure(self, secrets: Mapping[str, str]) -> None:
        """Write secrets that differ, each by its path; with them goes `serial`."""
        config = self.stack.config()
        changed = {path: new for path, new in secrets.items() if configured(config, path) != new}
        if changed:
            self.journal.fence()
            self.stack.set(self.serial(config), changed)

    def serial(self, config: Mapping[str, Any]) -> dict[str, str]:
        """The serial, one higher, so that a checkout with the old secret is refused.

        It stands on the public route, which nobody may write while the namespace is isolated: then
        it stays, or no secret could be rotated after a breach.
        """
        return {} if self.isolated() else raised(config)

    def forget(self, *paths: str) -> None:
        """Take these out of the configuration; with that goes `serial`."""
        config = self.stack.config()
        there = [path for path in paths if configured(config, path)]
        if there:
            self.journal.fence()
        if there and (serial := self.serial(config)):
            self.stack.set(serial)
        for path in there:
            self.stack.remove(path)

    def deploy(self) -> None:
        """`pulumi up`: pods of both colors are replaced, none before its successor is ready.

        Raises Refused where one is not ready after it, TakenOver as `configure` and `forget`.
        """
        self.journal.fence()
        self.stack.up(self.say)
        if waiting := self.unready():
            raise Refused(f"not every pod is ready with the new secret: {'; '.join(waiting)}")

    def close(self, entry: E, outcome: str) -> E:
        """It is over."""
        finished = stamp(self.now())
        closed = entry.updated(outcome=outcome, finished=finished)
        self.journal.close(closed)
        return closed

    def walk(self, entry: E, acts: Mapping[str, Callable[[E], E]]) -> E:
        """Take the steps that are not done yet; each is journaled before and after.

        Raises what an act raises, with what to do next.
        """
        names = list(acts)
        first = names.index(entry.step) + 1 if entry.step else 0
        for name in names[first:]:
            self.require_alone()
            entry = entry.updated(doing=name)
            self.journal.write(entry)
            failpoint.reach(f"rotation.{name}.begun")
            try:
                entry = acts[name](entry).updated(step=name)
            except TakenOver:
                raise
            except CouldNotFindOut as error:
                # Its kind says how the command ends: no rights is not the same as no answer.
                raise type(error)(_stopped(error, name)) from error
            except OpsError as error:
                raise Refused(_stopped(error, name)) from error
            self.journal.write(entry)
            failpoint.reach(f"rotation.{name}.done")
        return entry


def configured(config: Mapping[str, object], path: str) -> str:
    """The text at a path below `legal-ai:`; empty where there is none."""
    first, *rest = path.split(".")
    found: object = config.get(f"legal-ai:{first}")
    for part in rest:
        found = found.get(part) if isinstance(found, Mapping) else None
    return "" if found is None else str(found)


def _stopped(error: OpsError, step: str) -> str:
    return (
        f"{error}\nThe rotation stopped at `{step}` and stays open: run the same command again to "
        "go on from there"
    )
