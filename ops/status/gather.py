"""The answers made one status; each of them may be missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ops import checklist
from ops.checklist import Line, Verdict
from ops.preflight.line import line
from ops.preflight.system import nothing_is_held
from ops.status import journals, public, standing
from ops.status.colors import Known, compare
from ops.status.questions import Questions

if TYPE_CHECKING:
    from ops.backups.record import Event
    from ops.color import Color
    from ops.operations import Operations
    from ops.status.asked import Asked
    from ops.status.compared import Compared
    from ops.status.journals import Past, Records
    from ops.status.sources import Sources

SECONDS: Final = 8.0
"""How long everything together is waited for: a state in a bucket takes seconds to be read."""
LAST: Final = 5
"""How many things of the past are told."""


@dataclass(frozen=True)
class Status:
    """How a stack stands at one moment; `past` has the newest first."""

    stack: str
    at: datetime
    compared: tuple[Compared, ...]
    lines: tuple[Line, ...]
    past: tuple[Past, ...]

    @property
    def wrong(self) -> tuple[Line, ...]:
        """Every line that is not good, those of the colors included: what is bad first."""
        told = [each.line() for each in self.compared if each.differs or each.why]
        found = [each for each in (*self.lines, *told) if each.verdict != "good"]
        return tuple(sorted(found, key=lambda each: each.verdict))

    @property
    def verdict(self) -> Verdict:
        """Bad where one thing is not in order, unknown where one could not be read."""
        return checklist.worst((*self.lines, *self.compared))

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "stack": self.stack,
            "at": self.at.isoformat(timespec="seconds"),
            "verdict": self.verdict,
            "colors": [
                asdict(each) | {"differs": each.differs, "verdict": each.verdict}
                for each in self.compared
            ],
            "lines": [
                {"name": each.name, "verdict": each.verdict, "detail": each.detail}
                for each in self.lines
            ],
            "past": [asdict(each) for each in self.past],
        }


def gather(sources: Sources, seconds: float = SECONDS) -> Status:
    """Ask everybody. Raises NoAccess and UsageError where asking again won't help."""
    asked = Questions(sources, seconds)
    asked.require_access()
    return Status(
        stack=sources.stack,
        at=datetime.now(UTC),
        compared=tuple(compare(_known(asked))),
        lines=tuple(line(name, look) for name, look in _looks(asked).items()),
        past=_past(asked),
    )


def _looks(asked: Questions) -> Mapping[str, Callable[[], str]]:
    """What each line says."""
    config, deployed, facts_of = asked.config.get, asked.deployed.get, asked.live.get
    stack = asked.sources.stack
    return {
        "public": lambda: public.judged(asked.public.get(), asked.live.or_none()),
        "outputs": lambda: standing.outputs(deployed()),
        "configuration": lambda: standing.configuration(config(), asked.known()),
        "serial": lambda: standing.newest(config(), facts_of()),
        "pulumi lock": lambda: standing.lock(asked.lock.get(), stack),
        "traffic": lambda: standing.checked(asked.marker.get()),
        "hold": lambda: nothing_is_held(facts_of().hold),
        "isolation": lambda: standing.isolation(asked.isolation.get()),
        "workers": lambda: standing.workers(asked.running.get(), is_wanted=asked.wanted.get()),
        "schema": lambda: standing.schema_level(asked.schema.get().database),
        "backup": lambda: _backup(asked, "taken"),
        "proven backup": lambda: _backup(asked, "verified"),
        "maintenance": lambda: standing.maintenance(asked.notice.get()),
        "metrics": lambda: standing.metrics(asked.look.get(), facts_of()),
        "alerts": lambda: standing.alerts(asked.alarms.get()),
        **{name: partial(_journal, name, records) for name, records in asked.journals.items()},
    }


def _backup(asked: Questions, event: Event) -> str:
    noted, deployed = asked.backups.get(), asked.known()
    kept = deployed.backups
    if event == "verified":
        limit = timedelta(days=kept.verified_within_days)
    elif deployed.database.engine == "rds":
        return standing.aws_backup(noted)
    else:
        limit = timedelta(minutes=kept.max_age_minutes)
    return standing.backup(event, noted, limit, asked.now.get())


def _journal(name: str, records: Asked[Records]) -> str:
    return journals.look(name, records.get())


def _known(asked: Questions) -> Known:
    deployed: Operations | None = asked.deployed.or_none()
    watched = None if deployed is None else deployed.monitoring
    runners: Mapping[Color, Any] | None = asked.running.or_none()
    if not any((runners or {}).values()) and not asked.wanted.or_none():
        runners = None
    return Known(
        config=asked.config.or_none(),
        facts=asked.live.or_none(),
        runners=runners,
        look=asked.look.or_none(),
        limits=None if watched is None else watched.thresholds,
    )


def _past(asked: Questions) -> tuple[Past, ...]:
    found = (each.or_none() for each in asked.journals.values())
    past = [each for records in found if records is not None for each in records.past]
    return tuple(sorted(past, key=lambda each: each.at, reverse=True)[:LAST])
