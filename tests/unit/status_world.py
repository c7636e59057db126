"""A stack that is in order, all of it in memory: green v2 serves, blue v1 stands by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from ops import names, schema
from ops.alerts import series
from ops.backups import record
from ops.cluster import Cluster
from ops.color import Color
from ops.hold import Hold
from ops.maintenance import Notice
from ops.operations import Operations
from ops.status.compared import Compared
from ops.status.gather import Status, gather
from ops.status.lock import Standing
from ops.status.public import Served
from ops.status.sources import Sources
from ops.times import rfc3339
from tests.unit.monitored import monitoring
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster
from tests.unit.test_stack import FACTS
from tests.unit.test_vitals import Known, Told

OF_BLUE, OF_GREEN = {"color": "blue"}, {"color": "green"}
SERVING: Mapping[str, list[tuple[dict[str, str], float]]] = {
    series.GATEWAY_SERVICES: [(OF_BLUE, 2), (OF_GREEN, 2)],
    series.REQUESTS_COUNT: [(OF_BLUE, 0), (OF_GREEN, 3000)],
    series.REQUESTS_RATE: [(OF_GREEN, 10)],
    series.ERRORS_RATIO: [(OF_GREEN, 0.0005)],
    series.LATENCY_P95: [(OF_GREEN, 0.04)],
}


class StatusWorld:
    """What a test changes before it looks. `breaks` has what a source raises, by its name."""

    def __init__(self) -> None:
        self.cluster = RollbackCluster()
        self.config: dict[str, Any] = {
            "legal-ai:activeColor": "green",
            "legal-ai:canaryWeight": "0",
            "legal-ai:serial": "7",
            "legal-ai:blue": {"version": "v1", "replicas": 2},
            "legal-ai:green": {"version": "v2", "replicas": {"backend": 2, "frontend": 2}},
        }
        database: Any = FACTS["database"]
        self.deployed: dict[str, Any] = FACTS | {
            "database": database | {"engine": "postgres"},
            "activeColor": "green",
            "weights": {"green": 100, "blue": 0},
            "versions": {"blue": "v1", "green": "v2"},
            "monitoring": monitoring().model_dump(mode="json", by_alias=True),
        }
        self.prometheus, self.alertmanager = Known(), Told()
        self.prometheus.known |= SERVING
        self.lock: Standing | None = None
        self.notice: Notice | None = None
        self.served = Served("https://legal-ai.test", 200, GREEN, "v2")
        self.breaks: dict[str, Callable[[], Any]] = {}
        image = partial(schema.Image, level=3, needs=2)
        self.cluster.schema(schema.Database(3, 1, "abc"), v1=image("v1"), v2=image("v2"))
        self.backed_up(timedelta(hours=1))

    def backed_up(self, ago: timedelta, **more: str) -> None:
        at = rfc3339(self.cluster.server_now() - ago)
        data = {"taken": at, "takenId": "b1", "verified": at, "verifiedId": "b1", **more}
        self.cluster.put("ConfigMap", record.NAME, {"metadata": {}, "data": data})

    def hold(self, color: Color) -> None:
        hold = Hold(color, color.other, "5 % errors", "2026-01-01T12:00:00Z", "me")
        self.cluster.put("ConfigMap", names.HOLD, {"metadata": {}, "data": hold.to_data()})

    def sources(self) -> Sources:
        def of(name: str, give: Callable[[], Any]) -> Callable[..., Any]:
            return lambda *_: self.breaks.get(name, give)()

        return Sources(
            stack="production",
            config=of("config", lambda: self.config),
            deployed=of("deployed", lambda: Operations.model_validate(self.deployed)),
            lock=of("lock", lambda: self.lock),
            cluster=self._cluster,
            prometheus=of("prometheus", lambda: self.prometheus),
            alertmanager=of("alertmanager", lambda: self.alertmanager),
            maintenance=of("maintenance", lambda: self.notice),
            public=of("public", lambda: self.served),
        )

    def _cluster(self, known: Callable[[], Operations]) -> Cluster:
        if "cluster" in self.breaks:
            self.breaks["cluster"]()
        known()
        return self.cluster

    def status(self, seconds: float = 30) -> Status:
        return gather(self.sources(), seconds)


def told(status: Status) -> dict[str, str]:
    """What is not good: the reason by the line's name."""
    return {each.name: each.detail for each in status.wrong}


def of(status: Status, name: str, color: Color) -> Compared:
    """A thing of a color."""
    return next(each for each in status.compared if (each.name, each.color) == (name, color))


__all__ = ["BLUE", "GREEN", "StatusWorld", "of", "told"]
