"""A cluster in memory for rollbacks: versions, preconditions, pods that take their time."""

import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ops import history, live, names, routing, schema
from ops.cluster import Cluster, Conflict
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.history import History, Whole
from ops.rollback.journal import Operation
from ops.rollback.run import Rollback
from ops.state import LiveTraffic
from tests.unit.test_routing import SITE, split
from tests.unit.versioned import merge

BLUE, GREEN = Color.BLUE, Color.GREEN
SERVICES = ("backend", "frontend")
IMAGES = {BLUE: "v1", GREEN: "v2"}
Body = dict[str, Any]


class RollbackCluster(Cluster):
    """Blue served all traffic, green has it now; both are deployed with two replicas.

    `moves` lists who was given all traffic, and whether every pod of it was ready then.
    """

    def __init__(self, *, nginx: bool = False) -> None:
        self.namespace = "legal-ai"
        self.now = 0.0
        self.time = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
        self.starting_seconds = 0.0
        self.objects: dict[tuple[str, str], Body] = {}
        self.ready_at: dict[str, float] = {}
        self.digests: dict[str, str] = {}
        self.moves: list[tuple[Color, bool]] = []
        self.writes: list[str] = []
        self.before_write: Callable[[str], None] = lambda _: None
        self.on_sleep: Callable[[], None] = lambda: None
        self._nginx = nginx
        self._versions = itertools.count(1)
        for color in Color:
            for service in SERVICES:
                self.deploy(service, color)
        self.route(GREEN)
        self.remember(
            History(
                whole={BLUE: self.whole(BLUE)},
                gained={GREEN: "2026-01-01T12:00:00+00:00"},
                began={GREEN: "2026-01-01T12:00:00+00:00"},
                weights={GREEN: 100},
            )
        )

    # What a test arranges.

    def deploy(self, service: str, color: Color, *, replicas: int = 2, tag: str = "") -> None:
        name, image = names.workload(service, color), f"{service}:{tag or IMAGES[color]}"
        labels = {**names.selector(service, color), "app.kubernetes.io/part-of": "legal-ai"}
        containers = [{"name": service, "image": image}]
        self.put(
            "Deployment",
            name,
            {
                "metadata": {"labels": labels, "generation": 1},
                "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
            },
        )

    def work(self, kind: str, service: str, color: Color, *, runs: bool) -> None:
        is_cron = kind == "CronJob"
        image = f"{service}:{IMAGES[color]}"
        template = {"spec": {"containers": [{"name": service, "image": image}]}}
        spec = (
            {
                "schedule": "* * * * *",
                "suspend": not runs,
                "jobTemplate": {"spec": {"template": template}},
            }
            if is_cron
            else {"replicas": 2 if runs else 0, "template": template}
        )
        labels = {
            **names.selector(service, color),
            names.KIND: "cron" if is_cron else "worker",
            "app.kubernetes.io/part-of": "legal-ai",
        }
        self.put(
            kind,
            names.workload(service, color),
            {
                "metadata": {
                    "labels": labels,
                    "annotations": {names.REPLICAS: "2"},
                    "generation": 1,
                },
                "spec": spec,
            },
        )

    def route(self, active: Color, weight: int = 0) -> None:
        wanted = split(active, weight)
        if self._nginx:
            canary = routing.canary_ingress(SITE, wanted)
            assert canary
            self.put("Ingress", routing.CANARY_INGRESS, canary)
            self.put("Ingress", routing.MAIN_INGRESS, routing.main_ingress(SITE, wanted))
            return
        self.put("HTTPRoute", routing.PUBLIC_ROUTE, routing.public_route(SITE, wanted))

    def remember(self, found: History) -> None:
        self.put("ConfigMap", names.HISTORY, {"metadata": {}, "data": found.to_data()})

    def whole(self, color: Color) -> Whole:
        return Whole(
            images={service: f"{service}:{IMAGES[color]}" for service in SERVICES},
            digests={service: f"sha256:{service}-{IMAGES[color]}" for service in SERVICES},
            replicas=dict.fromkeys(SERVICES, 2),
            at="2026-01-01T10:00:00+00:00",
        )

    def schema(self, database: schema.Database, **images: schema.Image) -> None:
        refs = {f"backend:{tag}": image for tag, image in images.items()}
        data = schema.Record(database, refs).to_data()
        self.put("ConfigMap", names.SCHEMA, {"metadata": {}, "data": data})

    def put(self, kind: str, name: str, body: Body) -> None:
        made = copy.deepcopy({"kind": kind, **body})
        made["metadata"] = {"labels": {}, **made["metadata"], "name": name}
        made["metadata"]["resourceVersion"] = str(next(self._versions))
        self.objects[kind, name] = made

    # What a test looks at.

    def data(self, name: str) -> dict[str, str] | None:
        found = self.objects.get(("ConfigMap", name))
        return None if found is None else found["data"]

    @property
    def history(self) -> History:
        return history.read(self)

    @property
    def traffic(self) -> LiveTraffic:
        found = live.route(self, "ingress-nginx" if self._nginx else "gateway-api")
        assert found
        return found.traffic

    @property
    def weights(self) -> dict[Color, int]:
        return {color: weight for color, weight in self.traffic.weights.items() if weight}

    def replicas(self, name: str) -> int:
        return int(self.objects["Deployment", name]["spec"]["replicas"])

    def is_ready(self, color: Color) -> bool:
        return all(
            (found := self.objects.get(("Deployment", names.workload(service, color)))) is not None
            and found["spec"]["replicas"] > 0
            and self.ready_at.get(names.workload(service, color), 0.0) <= self.now
            for service in SERVICES
        )

    # What `Cluster` does.

    def get(self, kind: str, name: str) -> Body | None:
        found = self.objects.get((kind, name))
        return None if found is None else self._as_read(kind, copy.deepcopy(found))

    def list(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        found = [
            body
            for (each, name) in list(self.objects)
            if each == kind and (body := self.get(each, name)) is not None
        ]
        if kind == "Pod":
            found += self._pods()
        return [body for body in found if labels.items() <= body["metadata"]["labels"].items()]

    def create(self, body: Body) -> Body:
        kind, name = body["kind"], body["metadata"]["name"]
        self._writing(f"create {kind} {name}")
        if (kind, name) in self.objects:
            raise Conflict(f"{kind} {name} is there")
        self.put(kind, name, body)
        return self._read(kind, name)

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        self._writing(f"patch {kind} {name}")
        found = self.objects[kind, name]
        wanted = patch.get("metadata", {}).get("resourceVersion")
        if wanted is not None and wanted != found["metadata"]["resourceVersion"]:
            raise Conflict(f"{kind} {name} is newer")
        before = None if kind == "ConfigMap" else self.weights
        if merge(found, patch):
            found["metadata"]["resourceVersion"] = str(next(self._versions))
        if before is not None and kind in {"HTTPRoute", "Ingress"} and self.weights != before:
            self.moves += [(color, self.is_ready(color)) for color in self.weights]
        return self._read(kind, name)

    def patch_status(self, kind: str, name: str, status: Body) -> None:
        self.objects[kind, name].setdefault("status", {}).update(status)

    def scale(self, name: str, replicas: int) -> None:
        self._writing(f"scale Deployment {name}")
        if replicas > self.replicas(name):
            self.ready_at[name] = self.now + self.starting_seconds
        self.objects["Deployment", name]["spec"]["replicas"] = replicas

    def put_config_map(self, name: str, data: Mapping[str, str]) -> None:
        self._writing(f"put ConfigMap {name}")
        self.put("ConfigMap", name, {"metadata": {}, "data": dict(data)})

    def delete(self, kind: str, name: str) -> None:
        self._writing(f"delete {kind} {name}")
        self.objects.pop((kind, name), None)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep()

    def clock(self) -> float:
        return self.now

    def server_now(self) -> datetime:
        return self.time

    def _writing(self, what: str) -> None:
        self.before_write(what)
        self.writes.append(what)

    def _read(self, kind: str, name: str) -> Body:
        found = self.get(kind, name)
        assert found
        return found

    def _as_read(self, kind: str, body: Body) -> Body:
        if kind == "Deployment":
            ready = body["spec"]["replicas"] if self._is_up(body["metadata"]["name"]) else 0
            body["status"] = {
                "observedGeneration": 1,
                "updatedReplicas": body["spec"]["replicas"],
                "availableReplicas": ready,
            }
        if kind == "HTTPRoute":
            body["status"] = {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]}
        return body

    def _is_up(self, name: str) -> bool:
        return self.ready_at.get(name, 0.0) <= self.now

    def _pods(self) -> Sequence[Body]:
        return [
            self._pod(body, index)
            for (kind, _), body in self.objects.items()
            if kind == "Deployment"
            for index in range(body["spec"]["replicas"])
        ]

    def _pod(self, deployment: Body, index: int) -> Body:
        name = deployment["metadata"]["name"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        digest = self.digests.get(name, f"sha256:{container['image'].replace(':', '-')}")
        state = {"name": container["name"], "imageID": digest}
        ready = "True" if self._is_up(name) else "False"
        return {
            "metadata": {"name": f"{name}-{index}", "labels": deployment["metadata"]["labels"]},
            "spec": deployment["spec"]["template"]["spec"],
            "status": {
                "conditions": [{"type": "Ready", "status": ready, "message": "probe failed"}],
                "containerStatuses": [state],
            },
        }


def rollback(cluster: RollbackCluster, runner: str = "agent", **more: Any) -> Rollback:
    """A rollback by the cluster's own clock; it waits for the other color up to 60 s."""
    nginx = ("Ingress", routing.MAIN_INGRESS) in cluster.objects
    return Rollback(
        cluster=cluster,
        router="ingress-nginx" if nginx else "gateway-api",
        services=SERVICES,
        say=lambda _: None,
        deadline_seconds=60,
        runner=runner,
        clock=cluster.clock,
        sleep=cluster.sleep,
        **more,
    )


def unreachable(_: object) -> None:
    """A write that no API server answers."""
    raise CouldNotFindOut("the API server is down")


def opened(found: Operation | None) -> Operation:
    """The operation that must be open."""
    assert found is not None
    assert found.is_open
    return found
