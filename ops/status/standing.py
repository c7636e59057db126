"""What stands open or closed beside the colors: one look a line.

Each returns what it saw, or raises: Refused where it is not in order, CouldNotFindOut else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ops import background, schema
from ops.color import Color
from ops.config import serial, undeployed, weights
from ops.errors import CouldNotFindOut, Refused
from ops.isolation import findings as isolated
from ops.times import ago, moment
from ops.watching.reading import NOTHING, Look
from ops.weights import receiving, told

if TYPE_CHECKING:
    from ops.background import Runner
    from ops.backups.record import Event, Noted
    from ops.isolation import Isolation
    from ops.maintenance import Notice
    from ops.operations import Operations
    from ops.rollback.facts import Facts
    from ops.status.lock import Standing
    from ops.vitals.row import Row

_COMMANDS: Final[Mapping[Event, str]] = {
    "taken": "scripts/backup_production_db.py",
    "verified": "scripts/verify_backup.py latest",
}


def outputs(deployed: Operations) -> str:
    """Which stack this is."""
    return f"environment {deployed.environment}, namespace {deployed.namespace}"


def configuration(config: Mapping[str, Any], deployed: Operations) -> str:
    """Whether the last `up` applied what is configured here."""
    waiting = []
    wanted = weights(config)
    if receiving(wanted) != receiving(deployed.weights):
        applied = told(receiving(deployed.weights))
        waiting.append(f"traffic {told(receiving(wanted))} (applied: {applied})")
    waiting += [
        f"{each.color} {each.version or 'none'} (applied: {each.deployed or 'none'})"
        for each in undeployed(config, deployed.versions)
    ]
    if waiting:
        raise Refused(f"not applied yet: {', '.join(waiting)}. `pulumi up` applies it")
    return "as the last `pulumi up` applied it"


def newest(config: Mapping[str, Any], facts: Facts) -> str:
    """Whether this checkout's configuration is as new as the live route."""
    here, there = serial(config), facts.live.serial
    if here < there:
        raise Refused(
            f"serial {here}, and the live route has {there}: this checkout is stale, and `pulumi "
            "up` will refuse it. Get the stack's current file first"
        )
    return f"serial {here}, the live route has {there}"


def lock(standing: Standing | None, stack: str) -> str:
    """Who holds the stack's state."""
    if standing is None:
        return "free"
    if standing.lock.is_left_behind:
        raise Refused(f"{standing}. `pulumi cancel --yes --stack {stack}` takes the lock away")
    return f"a Pulumi command is at work: {standing}"


def checked(marker: Mapping[str, Any] | None) -> str:
    """Whether the last move was seen to arrive; `marker`: ConfigMap traffic-unverified."""
    if marker is None:
        return "the last move was seen to arrive, when it was made"
    data = marker.get("data") or {}
    since = moment(data.get("since") or "an unknown time")
    raise Refused(
        f"moved to {data.get('for', 'an unknown share')} at {since} and not yet seen there: an "
        "`up` is at work, or was killed. `pulumi up` looks again"
    )


def isolation(stands: Isolation | None) -> str:
    """Whether the public can get in at all."""
    found = isolated(stands)
    if found:
        raise Refused("; ".join(map(str, found)))
    return "none"


def workers(found: Mapping[Color, Sequence[Runner]], *, is_wanted: bool) -> str:
    """What runs the background services."""
    findings = background.judge(found, is_wanted=is_wanted)
    if findings:
        raise Refused("; ".join(map(str, findings)))
    told = [f"{color} runs {background.listed(each)}" for color, each in found.items() if each]
    return "; ".join(told) or "none is to run"


def schema_level(database: schema.Database | None) -> str:
    """Where the database stands, as recorded."""
    if database is None:
        raise CouldNotFindOut("nothing is recorded yet: `scripts/migrate.py verify` records it")
    at = f", read {moment(database.at)}" if database.at else ""
    return f"level {database.level}, floor {database.floor}, revision {database.revision}{at}"


def backup(event: Event, noted: Mapping[Event, Noted], limit: timedelta, now: datetime) -> str:
    """How old the last one is, and whether it may be. `now` is aware."""
    found = noted.get(event)
    if found is None:
        raise Refused(f"none was ever noted. {_COMMANDS[event]}")
    age = now - found.at
    told = f"{_told(found)}, {ago(max(age, timedelta()))} ago"
    if age > limit:
        raise Refused(f"{told}, at most {ago(limit)} is allowed. {_COMMANDS[event]}")
    return told


def aws_backup(noted: Mapping[Event, Noted]) -> str:
    """Of an instance of RDS, whose backups are not noted here but for those of the scripts."""
    found = noted.get("taken")
    own = f"; the last one of the scripts: {_told(found)}" if found else ""
    return f"by AWS Backup's plan, which an alarm in AWS watches{own}"


def maintenance(notice: Notice | None) -> str:
    """Whether the application takes writes."""
    if notice is None:
        return "off"
    raise Refused(f"writes are closed {notice}. `scripts/maintenance.py off` opens them")


def metrics(look: Look, facts: Facts) -> str:
    """Whether what the public gets is counted."""
    silent = [
        color for color in Color if facts.live.has_traffic(color) and not _reading(look, color)
    ]
    if silent:
        raise CouldNotFindOut(
            f"the gateway's counters of {' and '.join(silent)} are missing: see on Prometheus' "
            "page /targets whether it reaches the gateway"
        )
    return "counted"


def alerts(rows: Sequence[Row]) -> str:
    """What fires, from `ops.vitals.alarms`."""
    told = [f"{row.name} of {row.of} {row.now}{': ' + row.why if row.why else ''}" for row in rows]
    verdicts = {row.verdict for row in rows}
    if "bad" in verdicts:
        raise Refused("; ".join(told))
    if "unknown" in verdicts:
        raise CouldNotFindOut("; ".join(row.why for row in rows))
    return "none fires" if verdicts == {"good"} else "; ".join(told)


def _told(found: Noted) -> str:
    return f"{found.backup}, {moment(found.at.isoformat())}"


def _reading(look: Look, color: Color) -> bool:
    return bool(look.get(color, NOTHING).counted)
