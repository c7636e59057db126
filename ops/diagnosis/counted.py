"""What is counted of a color's requests; where it has traffic, no numbers are no good ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.alerts import series
from ops.diagnosis.cause import Cause, Weight
from ops.metrics import NoData

if TYPE_CHECKING:
    from ops.color import Color
    from ops.metrics import Prometheus


@dataclass(frozen=True)
class Counted:
    """One namespace's recorded series; `weights` in percent, by the live route."""

    prometheus: Prometheus
    namespace: str
    weights: Mapping[Color, int]

    def value(self, named: str, color: Color) -> float | None:
        """A series' value; None where there is none. Raises CouldNotFindOut."""
        try:
            return self.prometheus.value(series.query(named, self.namespace, color))
        except NoData:
            return None

    def look(
        self,
        area: str,
        named: str,
        colors: Iterable[Color],
        judge: Callable[[Color, float], Iterable[Cause]],
    ) -> Iterator[Cause]:
        """What is wrong with a series of each color, by its value. Raises CouldNotFindOut."""
        for color in colors:
            value = self.value(named, color)
            yield from self.unknown(area, color, value)
            if value is not None:
                yield from judge(color, value)

    def unknown(self, area: str, color: Color, value: float | None) -> Iterator[Cause]:
        """That nothing is known of a color with traffic. Of one without, nothing is to be known.

        A value may be of the past: the count of the gateway's services is the first to go.
        """
        weight = self.weights.get(color, 0)
        if not weight:
            return
        so = f"{color} gets {weight} % of the traffic, and"
        if not self.value(series.GATEWAY_SERVICES, color):
            yield Cause(
                area,
                Weight.UNKNOWN,
                f"{so} the gateway's counters of it are missing",
                "see on Prometheus' page /targets whether it reaches the gateway",
            )
        elif value is None:
            yield Cause(
                area,
                Weight.UNKNOWN,
                f"{so} no request to it was counted in the last minutes: nothing is known of it",
                "see whether the public gets in: `scripts/status.py`; if nobody asks anything at "
                "this hour, look again later",
            )
