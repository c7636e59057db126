"""What Prometheus knows. Three ways of not knowing are kept apart, and none of them is "good".

`Unreachable`: no Prometheus answered. `QueryFailed`: it answered with an error. `NoData`: it has
nothing to say on this. NaN (a ratio of nothing to nothing) is no data.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ops.errors import CouldNotFindOut
from ops.json_api import JsonApi, Unreachable

__all__ = [
    "Alert",
    "LoadedRule",
    "NoData",
    "Prometheus",
    "QueryFailed",
    "Sample",
    "Series",
    "Unreachable",
]

TIMEOUT_SECONDS: Final = 5.0
SETTING: Final = "legal-ai:alerts.prometheusUrl (or --prometheus)"
_HARMLESS: Final = "PromQL info"
"""How Prometheus 2.48 to 2.54 begin remarks that say nothing against an answer; later they stand
in `infos` of their own."""


class QueryFailed(CouldNotFindOut):
    """Prometheus answered that it can't answer, or not whole."""


class NoData(CouldNotFindOut):
    """Prometheus answered, and has no value."""


@dataclass(frozen=True)
class Sample:
    """One series' value now; `labels` without the metric's own name."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Series:
    """One series over time: `points` are (Unix seconds, value), oldest first, gaps left out."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Alert:
    """An alert whose condition holds: pending until its `for` is over. `since` is RFC 3339."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: Literal["pending", "firing"]
    since: str


@dataclass(frozen=True)
class LoadedRule:
    """An alert's rule that is loaded; `problem` is why it can't be judged, empty where it can."""

    name: str
    labels: Mapping[str, str]
    problem: str = ""


class Prometheus:
    """One Prometheus, or what speaks its API (Thanos, Mimir), below `url`.

    Each method raises Unreachable and QueryFailed; `timeout_seconds` bounds each question.
    """

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._api = JsonApi("Prometheus", url, timeout_seconds, SETTING)
        self._timeout = timeout_seconds

    def value(self, query: str) -> float:
        """The one value of a query. Raises NoData, and QueryFailed where there are several."""
        samples = self.vector(query)
        if not samples:
            raise NoData(
                f"{self._api.name} has no data for `{query}`: nothing has happened yet, or nothing "
                "is collected. Its page /targets tells which"
            )
        if len(samples) > 1:
            raise QueryFailed(
                f"`{query}` has {len(samples)} values where one was wanted, the first two "
                f"{dict(samples[0].labels)} and {dict(samples[1].labels)}: aggregate it"
            )
        return samples[0].value

    def vector(self, query: str) -> list[Sample]:
        """Each series' value now; empty where there is none."""
        data = self._query("/api/v1/query", query, {})
        result = data["result"]
        if data["resultType"] == "scalar":
            result = [{"metric": {}, "value": result}]
        found = [_sample(each["metric"], each["value"]) for each in result]
        return [sample for sample in found if not math.isnan(sample.value)]

    def range(
        self, query: str, seconds: float, step: float, end: float | None = None
    ) -> list[Series]:
        """The `seconds` up to `end`, a point each `step` seconds; a series without any is left out.

        `end` is Unix time; None: now, by this machine's clock.
        """
        end = time.time() if end is None else end
        times = {"start": f"{end - seconds:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        data = self._query("/api/v1/query_range", query, times)
        found = [
            Series(_labels(each["metric"]), _points(each["values"])) for each in data["result"]
        ]
        return [series for series in found if series.points]

    def alerts(self) -> list[Alert]:
        """The alerts that are pending or firing, as the rules have them (silenced ones too)."""
        data = self._checked("the alerts", "GET", "/api/v1/alerts", None)
        return [
            Alert(
                name=each["labels"].get("alertname", ""),
                labels=each["labels"],
                annotations=each["annotations"],
                state=each["state"],
                since=each["activeAt"],
            )
            for each in data["alerts"]
        ]

    def alert_rules(self) -> list[LoadedRule]:
        """The alerts that it judges, whatever their state."""
        data = self._checked("the rules", "GET", "/api/v1/rules", None)
        return [
            LoadedRule(
                rule["name"],
                rule.get("labels") or {},
                (rule.get("lastError") or "no reason given") if rule.get("health") == "err" else "",
            )
            for group in data["groups"]
            for rule in group["rules"]
            if rule["type"] == "alerting"
        ]

    def _query(self, path: str, query: str, more: Mapping[str, str]) -> Any:
        form = {"query": query, "timeout": f"{self._timeout:g}", **more}
        return self._checked(f"`{query}`", "POST", path, form)

    def _checked(self, what: str, method: str, path: str, form: Mapping[str, str] | None) -> Any:
        answer = self._api.ask(method, path, form=form)
        said = answer.data if isinstance(answer.data, dict) else {}
        if said.get("status") not in {"success", "error"}:
            raise Unreachable(
                f"{self._api.name} answered {what} with status {answer.status}, not in the way of "
                f"Prometheus: something else listens there, or stands between. Look at {SETTING}"
            )
        if said["status"] == "error":
            raise QueryFailed(
                f"{self._api.name} can't answer {what}: {said.get('errorType')}: "
                f"{said.get('error')}. Try it on its page /graph"
            )
        unsure = [each for each in said.get("warnings") or [] if not each.startswith(_HARMLESS)]
        if unsure:
            raise QueryFailed(
                f"{self._api.name} answered {what} but warns that the answer is not whole: "
                f"{'; '.join(unsure)}. Mend that first"
            )
        return said["data"]


def _labels(metric: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in metric.items() if name != "__name__"}


def _sample(metric: Mapping[str, str], point: list[Any]) -> Sample:
    return Sample(_labels(metric), float(point[1]))


def _points(values: list[list[Any]]) -> tuple[tuple[float, float], ...]:
    found = ((float(at), float(value)) for at, value in values)
    return tuple(point for point in found if not math.isnan(point[1]))
