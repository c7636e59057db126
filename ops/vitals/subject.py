"""The stack whose numbers are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.color import Color
from ops.monitoring import MonitoringFacts


@dataclass(frozen=True)
class Subject:
    """`stack` is its short name; `weights` are those it was deployed with, in percent."""

    stack: str
    namespace: str
    weights: Mapping[Color, int]
    has_replica: bool
    facts: MonitoringFacts
