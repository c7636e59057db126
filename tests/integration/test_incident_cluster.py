"""Isolation, restarts and logs at a real API server, with real pods behind the gateway."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest

from ops import isolation, logs, names, restart, routing, web
from ops.cluster import Cluster, LogWish
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.evidence import pieces
from ops.incident import shutting
from ops.incident.shutting import Outside
from ops.isolation import Isolation
from ops.logs import Chosen, Reader
from ops.restart import Restart
from tests.integration.kubectl import kubectl
from tests.unit.engine import run, stack_file
from tests.unit.test_held_color import NAME
from tests.waiting import until

IMAGE: Final = "localhost/legal-ai-frontend:v1.0.0"
WHY: Final = Isolation("stolen keys", "2026-01-01T12:00:00Z", "me")
BLUE: Final = Color.BLUE
REPLICAS: Final = 2

pytestmark = pytest.mark.long


class Place:
    """A namespace of its own: the frontend in blue, two pods, and the public route to it."""

    def __init__(self) -> None:
        self.namespace = f"incident-{uuid.uuid4().hex[:6]}"
        self.url = f"http://{self.namespace}.localhost:8080"
        kubectl("create", "namespace", self.namespace)
        self.cluster = Cluster.connect(self.namespace)

    @property
    def route(self) -> dict[str, Any]:
        """As the program declares it."""
        site = routing.Site(
            namespace=self.namespace,
            public_host=f"{self.namespace}.localhost",
            preview_hosts={},
            endpoints=(routing.Endpoint("frontend", 3000, ("/",)),),
            gateway_name="public",
            gateway_namespace="gateway-system",
            secure=False,
        )
        return routing.public_route(site, routing.Split(BLUE, 0, 1, {BLUE: "v1.0.0"}))

    @property
    def outside(self) -> Outside:
        return Outside((self.url,))

    def lay_out(self) -> None:
        guarded = {"namespace": self.namespace}
        items = [*map(self._guard, ("", "Binding")), *_frontend(), self.route]
        for each in items:
            each["metadata"] = {**each["metadata"], **guarded}
        self.apply({"apiVersion": "v1", "kind": "List", "items": items})
        until(lambda: self.answers() == "blue", "the frontend answers", 120)
        until(self.is_guarded, "the API server judges by the policy", 60)

    def apply(self, body: dict[str, Any]) -> None:
        """As Pulumi writes: by server-side apply, whoever else has the fields."""
        how = ("--server-side", "--force-conflicts", "--field-manager=pulumi")
        kubectl("apply", *how, "-f", "-", stdin=json.dumps(body))

    def answers(self) -> str:
        """The color that the public gets; empty: nobody gets in."""
        with web.client(self.url) as client:
            return str(client.get("/").headers.get(names.COLOR_HEADER, ""))

    def is_guarded(self) -> bool:
        """Whether the policy is in force: tried on a route that leads nowhere."""
        name, spec = "tried", {"parentRefs": [], "hostnames": ["tried.localhost"]}
        notes = {isolation.ISOLATED: "tried"}
        tried = {**self.route, "metadata": {"name": name, "annotations": notes}, "spec": spec}
        if self.cluster.get("HTTPRoute", name) is None:
            self.cluster.create(tried)
        attached = {**tried, "spec": {**spec, "parentRefs": self.route["spec"]["parentRefs"]}}
        attached["metadata"] = {**tried["metadata"], "namespace": self.namespace}
        try:
            self.apply(attached)
        except subprocess.CalledProcessError:
            self.cluster.delete("HTTPRoute", name)
            return True
        self.cluster.delete("HTTPRoute", name)
        return False

    def _guard(self, kind: str) -> dict[str, Any]:
        """The program's policy, or its binding, for this namespace."""
        declared = run("production", stack_file("production"))
        inputs = declared.of(f"ValidatingAdmissionPolicy{kind}")[NAME].inputs
        # The production stack's namespace is called so in selectors and in names.
        text = json.dumps(inputs).replace("production", self.namespace)
        found: dict[str, Any] = json.loads(text)
        return {**found, "kind": f"ValidatingAdmissionPolicy{kind}"}

    def tear_down(self) -> None:
        guard = f"legal-ai-held-color.{self.namespace}"
        kinds = ("validatingadmissionpolicybinding", "validatingadmissionpolicy")
        for kind in kinds:
            kubectl("delete", kind, guard, "--ignore-not-found")
        kubectl("delete", "namespace", self.namespace, "--wait=false")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG is needed: make up, then source .local/env")
    made = Place()
    try:
        made.lay_out()
        yield made
    finally:
        made.tear_down()


def test_nobody_gets_in_no_tool_lets_anybody_in_and_afterwards_all_get_in(place: Place) -> None:
    shutting.shut(place.cluster, WHY, place.outside, lambda _: None)
    assert place.answers() == ""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        place.apply(place.route)
    told = str(refused.value.stderr)
    assert "isolated since 2026-01-01T12:00:00Z by me: stolen keys" in told
    assert isolation.REOPEN in told
    assert place.answers() == ""
    assert shutting.open_again(place.cluster, place.outside, lambda _: None) == [
        "HTTPRoute legal-ai"
    ]
    place.apply(place.route)
    assert place.answers() == "blue"


def test_one_write_cant_take_the_mark_off_and_let_people_in(place: Place) -> None:
    isolation.isolate(place.cluster, WHY)
    both = {
        "metadata": {"annotations": {isolation.ISOLATED: None}},
        "spec": {"parentRefs": place.route["spec"]["parentRefs"]},
    }
    with pytest.raises(CouldNotFindOut, match="isolated since"):
        place.cluster.patch("HTTPRoute", routing.PUBLIC_ROUTE, both)
    shutting.open_again(place.cluster, place.outside, lambda _: None)


def test_a_restart_makes_every_pod_new_and_loses_no_request(place: Place) -> None:
    def pods() -> set[str]:
        labels = names.selector("frontend", BLUE)
        return {str(pod["metadata"]["uid"]) for pod in place.cluster.list("Pod", labels)}

    before, lost, answered, over = pods(), list[str](), [0], threading.Event()

    def visit() -> None:
        while not over.is_set():
            try:
                color = place.answers()
            except httpx2.HTTPError as error:
                lost.append(repr(error))
                continue
            if color == "blue":
                answered[0] += 1
            else:
                lost.append(f"answered by {color!r}")

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        for target in restart.targets(place.cluster, BLUE, ()):
            Restart(place.cluster, lambda _: None, 120).run(target)
        until(lambda: len(pods()) == REPLICAS, "the old pods are gone")
    finally:
        over.set()
        visitor.join()
    assert not pods() & before
    assert (lost, answered[0] > 0) == ([], True)


def test_logs_are_read_in_order_followed_into_pods_that_come_and_kept_as_evidence(
    place: Place,
) -> None:
    found = logs.sources(place.cluster, Chosen(BLUE, ("frontend",)))
    assert len(found) >= REPLICAS
    reader = Reader(place.cluster, LogWish())
    printed = list(reader.printed(found))
    reader.finish()
    assert [each.order for each in printed] == sorted(each.order for each in printed)
    assert {each.source for each in printed} == set(found)
    kept = {piece.name for piece in pieces.of_logs(place.cluster, None)}
    assert {f"logs/{each.pod}/frontend.0.log" for each in found} <= kept
    lines = logs.follow(place.cluster, Chosen(BLUE), LogWish(), lambda _: None)
    old = {next(lines).source.pod for _ in printed}
    for pod in old:
        place.cluster.delete("Pod", pod)
    new = next(line for line in lines if line.source.pod not in old)
    assert new.source.container == "frontend"


def _frontend() -> list[dict[str, Any]]:
    labels = names.selector("frontend", BLUE)
    marks = {**labels, "app.kubernetes.io/part-of": "legal-ai"}
    name = names.workload("frontend", BLUE)
    probe = {"httpGet": {"path": "/ready", "port": 3000}, "periodSeconds": 1}
    container = {
        "name": "frontend",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "env": [{"name": "DEPLOYMENT_COLOR", "value": "blue"}],
        "readinessProbe": probe,
        "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": marks},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": marks},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 15},
            },
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": labels, "ports": [{"port": 3000, "targetPort": 3000}]},
    }
    return [deployment, service]
