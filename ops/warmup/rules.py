"""How a color is warmed up, and when it is warm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops.errors import UsageError

READS: Final = (
    "/",
    "/api/health/database",
    "/api/health/redis",
    "/api/users/me",
    "/api/documents",
    "/api/documents/search?q=agreement",
    "/api/profile",
    "/api/settings",
)
"""What is asked: reads alone, of what fills connection pools and caches."""
MOST_PER_SECOND: Final = 200.0
MOST_SECONDS: Final = 1800.0
FEWEST_REQUESTS: Final = 20
"""Fewer have no 95th percentile."""


@dataclass(frozen=True)
class Rules:
    """Requests to `paths`, `rate` a second, until it is warm or `seconds` are over.

    Warm: in the last `windows` windows of `requests` requests each none failed, and the 95th
    percentiles are at most `most_seconds`, and apart by at most `tolerance_percent` of the
    smallest, or by `tolerance_seconds` if that is more. Raises UsageError for what can't be.
    """

    paths: Sequence[str] = READS
    rate: float = 20.0
    seconds: float = 120.0
    windows: int = 3
    requests: int = 100
    most_seconds: float = 2.0
    tolerance_percent: float = 25.0
    tolerance_seconds: float = 0.025

    def __post_init__(self) -> None:
        shortest = self.windows * self.requests / self.rate if self.rate > 0 else 0.0
        for is_wrong, told in (
            (
                not 0 < self.rate <= MOST_PER_SECOND,
                f"a rate of {self.rate:g} a second: more than 0, at most {MOST_PER_SECOND:g}",
            ),
            (self.windows < 1, f"{self.windows} windows: at least 1"),
            (
                self.requests < FEWEST_REQUESTS,
                f"{self.requests} requests a window: at least {FEWEST_REQUESTS}",
            ),
            (
                not shortest < self.seconds <= MOST_SECONDS,
                f"a deadline of {self.seconds:g} s: more than the {shortest:g} s that the windows "
                f"take, at most {MOST_SECONDS:g} s",
            ),
            (self.most_seconds <= 0, "the p95 that is allowed must be above 0"),
            (self.tolerance_percent < 0, "the tolerance must not be negative"),
            (
                not self.paths or not all(path.startswith("/") for path in self.paths),
                "one path at least is needed, and each begins with '/'",
            ),
        ):
            if is_wrong:
                raise UsageError(told)
