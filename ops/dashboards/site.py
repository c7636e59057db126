"""What a dashboard must know of its stack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lines:
    """A range, in the unit of the panel that shows it: a line at each of both."""

    normal: float
    alert: float


@dataclass(frozen=True)
class Site:
    """A stack and its thresholds. Shares are 0 to 1, percentages 0 to 100.

    `exporters` are the sources of metrics besides gateway and agent.
    """

    stack: str
    namespace: str
    exporters: frozenset[str]
    errors_share: Lines
    p95_seconds: Lines
    memory_percent: Lines
    cpu_percent: Lines
    connections_percent: Lines
    disk_free_percent: float
    replica_lag_seconds: float
    backup_age_seconds: float
    proof_age_seconds: float
