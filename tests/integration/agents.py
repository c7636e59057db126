"""Agents as processes, with their real rights, at a namespace of a real API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2
from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource

from components.rollback_agent_rights import rules
from local.addresses import PAUSE_IMAGE
from ops import names, routing
from ops.agent import NAME, AgentSettings
from ops.cluster import Cluster
from ops.color import Color
from ops.rollback.journal import Journal, Operation
from tests.integration.kubectl import kubectl
from tests.ports import free_port
from tests.unit.configs import WATCHED, loaded
from tests.unit.webhooks import alert, body
from tests.waiting import until

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = "a-token-of-the-tests"
LEASE_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
BLUE, GREEN = Color.BLUE, Color.GREEN

_WATCHED_KINDS: Final = (
    create_namespaced_resource("apps", "v1", "Deployment", "deployments"),
    create_namespaced_resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
)


@dataclass
class Agent:
    """One replica. `port` is on loopback; `log` is where it writes."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> str:
        """A page of it, empty while it does not answer."""
        try:
            return httpx2.get(self.url + path, timeout=10).text
        except httpx2.HTTPError:
            return ""

    def post(self, content: bytes, token: str = TOKEN) -> int:
        """The status that a webhook is answered with, 0 where no answer comes."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = httpx2.post(
                f"{self.url}/webhook", content=content, headers=headers, timeout=10
            )
        except httpx2.HTTPError:
            return 0
        return answer.status_code

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_leader(self) -> bool:
        return "legal_ai_agent_leader 1.0" in self.get("/metrics")

    def stop(self) -> int:
        """Tell it to end, and wait for that."""
        self.process.terminate()
        return self.process.wait(30)


@dataclass
class Place:
    """A namespace: green has all traffic and the worker, blue is proven and scaled to zero."""

    namespace: str
    folder: Path
    cluster: Cluster
    settings: AgentSettings
    agents: list[Agent] = field(default_factory=list)

    def start(self, failpoint: str = "") -> Agent:
        """Start a replica, and wait until it serves."""
        number = len(self.agents)
        log = self.folder / f"agent-{number}.log"
        port = free_port()
        env = os.environ | {
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "AGENT_SETTINGS": str(self.folder / "settings.json"),
            "AGENT_TOKEN": TOKEN,
            "AGENT_ADDRESS": "127.0.0.1",
            "AGENT_PORT": str(port),
            "FAILPOINT": failpoint,
        }
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "agent"], cwd=ROOT, env=env, stdout=file, stderr=file
            )
        agent = Agent(process, port, log)
        self.agents.append(agent)
        until(lambda: agent.get("/healthz") == "ok", f"agent {number} serves, see {log}")
        return agent

    def start_leader(self, failpoint: str = "") -> Agent:
        """Start a replica, and wait until it leads."""
        agent = self.start(failpoint)
        until(lambda: agent.is_leader, "it leads")
        return agent

    def webhook(self, **given: Any) -> bytes:
        """An alert about green in this namespace that fired just now."""
        labels = {"namespace": self.namespace, **given}
        return body(alert(startsAt=datetime.now(UTC).isoformat(), **labels))

    def data(self, name: str) -> dict[str, str]:
        """A ConfigMap's data, empty where there is none."""
        found = self.cluster.get("ConfigMap", name) or {}
        data: dict[str, str] = found.get("data") or {}
        return data

    def operation(self) -> Operation | None:
        """The rollback that is open."""
        return Journal(self.cluster).read()

    def done(self) -> list[Operation]:
        """Those that are over."""
        return list(Journal(self.cluster).history())

    def answers(self) -> list[str]:
        """What the inbox has as answers to its alerts; empty where one waits."""
        return [json.loads(entry)["answer"] for entry in self.data("rollback-inbox").values()]

    def weights(self) -> dict[Color, int]:
        """Percent by the live route."""
        route = self.cluster.get("HTTPRoute", routing.PUBLIC_ROUTE)
        assert route is not None
        return routing.live_weights(route)

    def replicas(self, name: str) -> int:
        """How many pods a Deployment asks for."""
        found = self.cluster.get("Deployment", name)
        assert found is not None
        return int(found["spec"]["replicas"])

    def logs(self) -> str:
        """What all replicas wrote."""
        return "\n".join(f"--- {a.log.name}\n{a.log.read_text()}" for a in self.agents)


class Recorder:
    """Everything that the route and the Deployments were, in the order of the API server.

    Resource versions are one count for all objects of a server's store, so they tell what was
    true of one object when another one was written.
    """

    def __init__(self, namespace: str) -> None:
        self._events: dict[str, dict[int, dict[str, Any]]] = {}
        for kind in _WATCHED_KINDS:
            threading.Thread(target=self._see, args=(namespace, kind), daemon=True).start()

    def traffic_to_the_unready(self, route_version: int) -> list[str]:
        """Each time that blue got traffic and was not ready; waits for the route's version."""
        self._wait_for(routing.PUBLIC_ROUTE, route_version)
        backends = sorted(self._of("backend-blue").items())
        found = []
        for version, route in sorted(self._of(routing.PUBLIC_ROUTE).items()):
            before = [each for at, each in backends if at < version]
            weights = routing.live_weights(route)
            if sum(weights.values()) != 100:
                found.append(f"{version}: weights {weights}")
            if weights.get(BLUE, 0) and not (before and _is_ready(before[-1])):
                found.append(f"{version}: {before[-1].get('status') if before else 'unknown'}")
        return found

    def both_ran_workers(self, cluster: Cluster) -> bool:
        """Whether both colors' workers were ever asked for at once, up to now by `cluster`."""
        for name in (f"worker-{color}" for color in Color):
            live = cluster.get("Deployment", name)
            assert live is not None
            self._wait_for(name, int(live["metadata"]["resourceVersion"]))
        wanted = {BLUE: 0, GREEN: 0}
        events = [
            (at, color, int(each["spec"]["replicas"]))
            for color in Color
            for at, each in self._of(f"worker-{color}").items()
        ]
        for _, color, replicas in sorted(events):
            wanted[color] = replicas
            if all(wanted.values()):
                return True
        return False

    def _wait_for(self, name: str, version: int) -> None:
        until(lambda: max(self._of(name), default=0) >= version, f"{version} of {name} was seen")

    def _of(self, name: str) -> dict[int, dict[str, Any]]:
        return dict(self._events.get(name, {}))

    def _see(self, namespace: str, kind: Any) -> None:
        client = Client(config=KubeConfig.from_env().get(), namespace=namespace)
        while True:
            # A server whose cache lags says so, and is asked again.
            with suppress(ApiError, httpx2.HTTPError):
                for _, found in client.watch(kind, resource_version="0"):
                    body = found.to_dict()
                    version = int(body["metadata"]["resourceVersion"])
                    self._events.setdefault(body["metadata"]["name"], {})[version] = body
            time.sleep(POLL_SECONDS)


def _is_ready(deployment: dict[str, Any]) -> bool:
    wanted = int(deployment["spec"]["replicas"])
    available = int((deployment.get("status") or {}).get("availableReplicas") or 0)
    return 0 < wanted <= available


@contextmanager
def place(
    folder: Path, *, ready_seconds: float = 60.0, blue: dict[str, Any] | None = None
) -> Iterator[Place]:
    """A namespace that goes away again; `blue` is merged into the pods of blue's backend."""
    namespace = f"agent-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", namespace)
    cluster = Cluster.connect(namespace, field_manager="test")
    settings = AgentSettings(
        stack="local",
        namespace=namespace,
        router="gateway-api",
        services={"backend": 8000},
        public_url=f"http://{namespace}.localhost:8080",
        ready_seconds=ready_seconds,
        lease_seconds=LEASE_SECONDS,
    )
    made = Place(namespace, folder, cluster, settings)
    try:
        _lay_out(made, blue or {})
        yield made
    finally:
        for agent in made.agents:
            if agent.process.poll() is None:
                agent.process.kill()
                agent.process.wait()
        kubectl("delete", "namespace", namespace, "--wait=false")


def _lay_out(made: Place, blue: dict[str, Any]) -> None:
    (made.folder / "settings.json").write_text(made.settings.to_json())
    _account(made)
    deployments = [
        _deployment("backend", BLUE, 0, blue),
        _deployment("backend", GREEN, 0, {}),
        _deployment("worker", BLUE, 0, {}),
        _deployment("worker", GREEN, 1, {}),
    ]
    for each in deployments:
        made.cluster.create(each)
    site = routing.Site(
        namespace=made.namespace,
        public_host=f"{made.namespace}.localhost",
        preview_hosts={},
        endpoints=(routing.Endpoint("backend", 8000, ("/",)),),
        gateway_name="public",
        gateway_namespace="gateway-system",
        secure=False,
    )
    versions = {BLUE: "1", GREEN: "2"}
    made.cluster.create(routing.public_route(site, routing.Split(GREEN, 0, 1, versions)))
    earlier = (datetime.now(UTC) - timedelta(minutes=10)).isoformat(timespec="seconds")
    whole = {
        "images": {"backend": PAUSE_IMAGE},
        "digests": {},
        "replicas": {"backend": 1},
        "at": earlier,
    }
    history = {
        "whole": {"blue": whole},
        "gained": {"green": earlier},
        "began": {"green": earlier},
        "weights": {"green": 100},
    }
    data = {key: json.dumps(value) for key, value in history.items()}
    made.cluster.put_config_map(names.HISTORY, data)


def _account(made: Place) -> None:
    """The agent's account with the rights that the program gives it, as a kubeconfig."""
    worker = {"kind": "worker", "image": "localhost/worker"}
    rights = rules(loaded({"services.worker": worker}, base=WATCHED))
    metadata = {"name": NAME, "namespace": made.namespace}
    group = "rbac.authorization.k8s.io"
    ref = {"apiGroup": group, "kind": "Role", "name": NAME}
    subject = {"kind": "ServiceAccount", **metadata}
    bodies = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": rights},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": ref,
            "subjects": [subject],
        },
    ]
    items = {"apiVersion": "v1", "kind": "List", "items": bodies}
    kubectl("apply", "-f", "-", stdin=json.dumps(items))
    token = kubectl("create", "token", NAME, "--namespace", made.namespace).strip()
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = made.folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))


def _deployment(service: str, color: Color, replicas: int, pods: dict[str, Any]) -> dict[str, Any]:
    name, labels = names.workload(service, color), names.selector(service, color)
    marks, notes = {**labels, "app.kubernetes.io/part-of": "legal-ai"}, {}
    if service == "worker":
        marks[names.KIND], notes[names.REPLICAS] = "worker", "1"
    container = {"name": service, "image": PAUSE_IMAGE, "imagePullPolicy": "Never"}
    template = {
        "metadata": {"labels": marks},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1, **pods},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": marks, "annotations": notes},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }
