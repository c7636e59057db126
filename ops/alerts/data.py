"""The alerts on what both colors share: the database, its storage, its replica, its backups."""

from collections.abc import Iterator

from ops.alerts import series
from ops.alerts.names import SHARED, Alert
from ops.alerts.rule import Rule
from ops.alerts.watched import Watched

BACKUP = "legal_ai_backup_timestamp_seconds"
"""From the agent, which reads what the backup scripts noted."""


def rules(watched: Watched) -> Iterator[Rule]:
    """Those whose exporter there is."""
    if "postgres" in watched.exporters:
        yield from _server(watched)
    if "disk" in watched.exporters:
        yield _storage(watched)
    yield from _backups(watched)


def _server(watched: Watched) -> Iterator[Rule]:
    limits, spans = watched.limits, watched.spans
    connections = series.query(series.DATABASE_CONNECTIONS_PERCENT, watched.namespace)
    yield Rule(
        Alert.DATABASE_DOWN,
        f'pg_up{{namespace="{watched.namespace}"}} == 0',
        spans.shortened(1),
        "critical",
        "The database {{ $labels.instance }} does not answer",
        "Its exporter can't log in. Both colors fail by it: going to the other one does not help.",
        labels={"scope": SHARED},
    )
    yield Rule(
        Alert.DATABASE_CONNECTIONS,
        f"{connections} > {limits.connections_percent.value:g}",
        spans.shortened(limits.connections_percent.minutes),
        "critical",
        'The database has {{ $value | printf "%.0f" }} % of its connections in use',
        f"More than {limits.connections_percent.value:g} %; at 100 % both colors fail.",
        labels={"scope": SHARED},
    )
    if watched.has_replica:
        lag = series.query(series.REPLICA_LAG, watched.namespace)
        yield Rule(
            Alert.REPLICA_LAG,
            f"{lag} > {limits.replica_lag_seconds:g}",
            spans.shortened(5),
            "warning",
            "The read replica is {{ $value | humanizeDuration }} behind",
            f"More than {limits.replica_lag_seconds:g} s: readers see what was.",
        )


def _storage(watched: Watched) -> Rule:
    limit = watched.limits.disk_free_percent
    return Rule(
        Alert.DISK_LOW,
        f"{series.query(series.DISK_FREE_PERCENT, watched.namespace)} < {limit:g}",
        watched.spans.shortened(5),
        "critical",
        'The database has {{ $value | printf "%.0f" }} % of its storage left',
        f"Less than {limit:g} %; without any it stops.",
    )


def _backups(watched: Watched) -> Iterator[Rule]:
    limits = watched.limits
    lasting = watched.spans.shortened(5)
    if limits.backup_minutes is not None:
        yield Rule(
            Alert.BACKUP_TOO_OLD,
            _older_than(watched, "taken", limits.backup_minutes * 60),
            lasting,
            "critical",
            f"No backup of the database is younger than {limits.backup_minutes} minutes",
            "The last one that was noted is older, or none ever was.",
        )
    yield Rule(
        Alert.BACKUP_UNPROVEN,
        _older_than(watched, "verified", limits.proven_days * 86_400),
        lasting,
        "warning",
        f"No backup was proven by a restore for {limits.proven_days} days",
        "The last proof that was noted is older, or none ever was.",
    )


def _older_than(watched: Watched, kind: str, seconds: int) -> str:
    """With an agent that has no such note, none was ever made; without an agent nobody knows."""
    noted = f'max({BACKUP}{{namespace="{watched.namespace}",kind="{kind}"}})'
    agent = f'max(legal_ai_agent_leader{{namespace="{watched.namespace}"}})'
    return f"time() - {noted} > {seconds}\nor ({agent} >= 0 unless {noted})"
