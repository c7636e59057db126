"""Both colors, configured and live, as a table has them; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops import image, schema
from ops.color import Color
from ops.config import Config, configured, of_color, version_of, weights
from ops.status.compared import NONE, UNKNOWN, Compared
from ops.times import moment
from ops.watching.reading import NOTHING, Look, milliseconds, percent

if TYPE_CHECKING:
    from ops.background import Runner
    from ops.monitoring import Range, Thresholds
    from ops.rollback.facts import Facts
    from ops.schema import Fit
    from ops.state import WorkloadState
    from ops.watching.reading import Reading

NOT_DEPLOYED = "not deployed"


@dataclass(frozen=True)
class Known:
    """What was found out; None is what was not.

    `runners` are the background services by color, None too where there are none to run.
    """

    config: Config | None = None
    facts: Facts | None = None
    runners: Mapping[Color, Sequence[Runner]] | None = None
    look: Look | None = None
    limits: Thresholds | None = None


def compare(known: Known) -> list[Compared]:
    """Every line of both colors."""
    return [each for color in Color for each in _of(color, known)]


def _of(color: Color, known: Known) -> Iterator[Compared]:
    config, facts = known.config, known.facts
    yield Compared("traffic", color, _wanted_traffic(config, color), _live_traffic(facts, color))
    wanted = UNKNOWN if config is None else version_of(config, color) or NONE
    yield Compared("version", color, wanted, _live_version(facts, color))
    if facts is not None:
        for service, state in facts.colors[color].workloads.items():
            yield _service(service, color, config, state)
    if known.runners is not None:
        runs = "run" if known.runners[color] else NONE
        yield Compared("workers", color, _wanted_workers(config, color), runs)
    if facts is not None:
        yield from _schema(color, facts)
        yield Compared("traffic since", color, "", _since(facts, color))
    weight = None if facts is None else facts.live.weights.get(color, 0)
    yield from _numbers(color, known, weight)


def _traffic(weight: int, *, is_active: bool) -> str:
    return f"{weight} %{', active' if is_active else ''}"


def _wanted_traffic(config: Config | None, color: Color) -> str:
    if config is None:
        return UNKNOWN
    active = configured(config)["activeColor"]
    return _traffic(weights(config)[color], is_active=active == color)


def _live_traffic(facts: Facts | None, color: Color) -> str:
    if facts is None:
        return UNKNOWN
    live = facts.live
    return _traffic(live.weights.get(color, 0), is_active=live.active == color)


def _live_version(facts: Facts | None, color: Color) -> str:
    if facts is None:
        return UNKNOWN
    states = facts.colors[color].workloads.values()
    found = dict.fromkeys(image.version_of(state.image) for state in states if state is not None)
    return ", ".join(found) or NONE


def _service(
    service: str, color: Color, config: Config | None, state: WorkloadState | None
) -> Compared:
    wanted = _wanted_replicas(config, color, service)
    if state is None:
        return Compared(service, color, wanted, NONE if wanted == NONE else NOT_DEPLOYED)
    live, why = str(state.desired), ""
    if state.ready < state.desired:
        why = f"{state.ready} of {state.desired} ready"
        why += f": {state.problem}" if state.problem else ""
    elif not state.is_observed or state.updated < state.desired:
        why = "an update of its pods is under way"
    return Compared(service, color, wanted, live, why)


def _wanted_replicas(config: Config | None, color: Color, service: str) -> str:
    if config is None:
        return UNKNOWN
    found = of_color(config, color)
    if not found.version:
        return NONE
    # As components/settings has it: a service that is not named has one.
    number = found.replicas.get(service, 1) if isinstance(found.replicas, dict) else found.replicas
    return UNKNOWN if number is None else str(number)


def _wanted_workers(config: Config | None, color: Color) -> str:
    if config is None:
        return UNKNOWN
    return "run" if configured(config)["activeColor"] == color else NONE


def _schema(color: Color, facts: Facts) -> Iterator[Compared]:
    """Only a color that has traffic needs to fit now."""
    fit = facts.colors[color].fit
    if fit is None or not fit.ref:
        return
    told, why = _fit(fit)
    if not facts.live.has_traffic(color):
        told, why = "not recorded" if told == UNKNOWN else told, ""
    yield Compared("schema", color, "", told, why)


def _fit(fit: Fit) -> tuple[str, str]:
    if fit.image is None or fit.database is None:
        return UNKNOWN, f"nothing is recorded of {fit.ref}: `scripts/migrate.py verify` records it"
    problem = schema.problem(fit.image, fit.database)
    return (f"fits, needs {fit.image.needs}", "") if problem is None else ("does not fit", problem)


def _since(facts: Facts, color: Color) -> str:
    gained = facts.history.gained.get(color, "")
    return moment(gained) if gained and facts.live.has_traffic(color) else NONE


def _numbers(color: Color, known: Known, weight: int | None) -> Iterator[Compared]:
    """What the public saw of it; UNKNOWN where it has traffic that is not counted."""
    reading = NOTHING if known.look is None else known.look.get(color, NOTHING)
    if known.look is None or not reading.counted:
        told = NONE if weight == 0 and known.look is not None else UNKNOWN
        for name in ("requests", "errors", "P95"):
            yield Compared(name, color, "", told)
        return
    limits = known.limits
    judged = limits is not None and (reading.requests or 0) >= limits.minimum_requests
    errors, p95 = reading.error_ratio, reading.p95_seconds
    yield Compared("requests", color, "", _rate(reading))
    yield Compared(
        "errors",
        color,
        "",
        NONE if errors is None else percent(errors),
        _above(errors, 100, limits.error_rate_percent, "%") if limits and judged else "",
    )
    yield Compared(
        "P95",
        color,
        "",
        NONE if p95 is None else milliseconds(p95),
        _above(p95, 1000, limits.p95_milliseconds, "ms") if limits and judged else "",
    )


def _rate(reading: Reading) -> str:
    return f"{reading.rate:.1f}/s" if reading.rate else NONE


def _above(value: float | None, factor: int, limits: Range, unit: str) -> str:
    if value is None or value * factor <= limits.alert:
        return ""
    return f"above {limits.alert:g} {unit}, where it alarms"
