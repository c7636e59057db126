"""Windows and durations of the rules, shortened by one factor for tests. In PromQL's writing."""

from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 300
"""What ratios and percentiles are counted over."""
RECENT_SECONDS: Final = 60
"""The short window: a burst that is over must not go on counting for the long one."""
FEWEST_SCRAPES: Final = 4
"""No window is shorter than this many scrapes: a rate needs two, and one may be late or lost."""
FLUSH_SECONDS: Final = 5.0
"""Envoy adds to its histograms at each flush of statistics; counters are current.
https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto
(stats_flush_interval)"""
FEWEST_FLUSHES: Final = 3
"""No window of a histogram is shorter: between two flushes it says that nothing was asked."""
EXPORTER_SECONDS: Final = 60
"""Kubelet and exporters are asked, and look, seldom: no window of theirs is shorter."""

_UNITS: Final = (
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
)


@dataclass(frozen=True)
class Spans:
    """`factor` (above 0, up to 1) shortens everything; `scrape_seconds` bounds windows below."""

    factor: float = 1
    scrape_seconds: float = 15

    def window_seconds(self, seconds: float = WINDOW_SECONDS) -> float:
        """How long a window of the gateway's and the agent's metrics is, in seconds."""
        return max(seconds * self.factor, FEWEST_SCRAPES * self.scrape_seconds)

    def window(self, seconds: float = WINDOW_SECONDS) -> str:
        """The same for `[…]`."""
        return text(self.window_seconds(seconds))

    def histogram_window(self, seconds: float = WINDOW_SECONDS) -> str:
        """A window of the gateway's latencies."""
        return text(max(self.window_seconds(seconds), FEWEST_FLUSHES * FLUSH_SECONDS))

    def exporter_window(self) -> str:
        """A window of what kubelet and exporters say."""
        return text(max(self.window_seconds(), EXPORTER_SECONDS))

    def shortened(self, minutes: float) -> str:
        """A duration: how long a condition has to last, or how far back to look."""
        return text(minutes * 60 * self.factor)


def text(seconds: float) -> str:
    """A duration in the largest unit that has no rest: 300 is `5m`, 1.5 is `1500ms`."""
    milliseconds = max(1, round(seconds * 1000))
    unit, size = next((unit, size) for unit, size in _UNITS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"
