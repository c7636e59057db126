"""A cluster in memory whose Jobs are real: each runs the image's command as a process."""

import builtins
import itertools
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import names, routing
from ops.cluster import Cluster, Conflict
from ops.color import Color
from tests.integration.releases import Image, Running
from tests.unit.test_routing import SITE, split

REPOSITORY = "localhost/legal-ai-backend"
Body = dict[str, Any]


class JobsCluster(Cluster):
    """Objects by kind and name. A Job's pod has the Job's name and an image of `images` by tag."""

    def __init__(self, images: Mapping[str, Image], folder: Path) -> None:
        self.namespace = "legal-ai"
        self.images = dict(images)
        self.folder = folder
        self.objects: dict[tuple[str, str], Body] = {}
        self.processes: dict[str, Running] = {}
        self.made: list[str] = []
        self._lock = threading.RLock()
        self._versions = itertools.count(1)

    def get(self, kind: str, name: str) -> Body | None:
        with self._lock:
            found = self.objects.get((kind, name))
            if found is not None and kind == "Job":
                return {**found, "status": {"conditions": self._conditions(name)}}
            return found

    def list(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        with self._lock:
            if kind == "Pod":
                pods = [self._pod(job) for (k, _), job in self.objects.items() if k == "Job"]
                pods += [body for (k, _), body in self.objects.items() if k == "Pod"]
                return [p for p in pods if labels.items() <= p["metadata"]["labels"].items()]
            found = [(name, o) for (k, name), o in self.objects.items() if k == kind]
            chosen = [
                name for name, o in found if labels.items() <= o["metadata"]["labels"].items()
            ]
            return [body for name in chosen if (body := self.get(kind, name)) is not None]

    def create(self, body: Body) -> Body:
        with self._lock:
            key = (body["kind"], body["metadata"]["name"])
            if key in self.objects:
                raise Conflict(f"create {key}: it is there")
            metadata = {
                "labels": {},
                **body["metadata"],
                "resourceVersion": str(next(self._versions)),
                "creationTimestamp": "2099-01-01T00:00:00Z",
            }
            self.objects[key] = {**body, "metadata": metadata}
            if body["kind"] == "Job":
                self.made.append(key[1])
                self._start(self.objects[key])
            return self.objects[key]

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        with self._lock:
            found = self.objects[(kind, name)]
            version = patch.get("metadata", {}).get("resourceVersion")
            if version not in (None, found["metadata"]["resourceVersion"]):
                raise Conflict("somebody was faster")
            found["metadata"]["resourceVersion"] = str(next(self._versions))
            found["data"] = {**found.get("data", {}), **patch.get("data", {})}
            return found

    def delete(self, kind: str, name: str) -> None:
        with self._lock:
            self.objects.pop((kind, name), None)
            if kind == "Job" and name in self.processes:
                self.processes.pop(name).kill()

    def server_now(self) -> datetime:
        return datetime.now(UTC)

    def log(self, pod: str, container: str) -> str:
        process = self.processes[pod]
        return process.out + process.err

    def put_secret(self, name: str, values: Mapping[str, str]) -> None:
        """A Secret as it is written; the API would give `data`, which no one here reads."""
        metadata = {"name": name, "labels": {}}
        self.objects[("Secret", name)] = {"metadata": metadata, "stringData": dict(values)}

    def deploy(self, color: Color, version: str, replicas: int = 1) -> None:
        """A backend Deployment, without pods."""
        name = names.workload("backend", color)
        container = {
            "name": "backend",
            "image": f"{REPOSITORY}:{version}",
            "envFrom": [{"secretRef": {"name": f"app-{color}"}}],
            "livenessProbe": {"httpGet": {"path": "/health"}},
        }
        self.objects[("Deployment", name)] = {
            "metadata": {"name": name, "generation": 1, "labels": {}},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
        }

    def route(self, active: Color) -> None:
        """The public route with all traffic at one color."""
        self.objects[("HTTPRoute", "legal-ai")] = routing.public_route(SITE, split(active))

    @property
    def images_run(self) -> set[str]:
        """Images of all Jobs."""
        jobs = [body for (kind, _), body in self.objects.items() if kind == "Job"]
        return {str(job["spec"]["template"]["spec"]["containers"][0]["image"]) for job in jobs}

    def wait_for_jobs(self) -> None:
        """Return once no process runs."""
        for process in list(self.processes.values()):
            process.wait()

    def kill_jobs(self) -> None:
        """End everything that still runs."""
        for process in self.processes.values():
            process.kill()

    def _start(self, job: Body) -> None:
        name = job["metadata"]["name"]
        container = job["spec"]["template"]["spec"]["containers"][0]
        image = self.images.get(str(container["image"]).rpartition(":")[2])
        if image is None:
            return
        program, module, name_of_module, *arguments = container["command"]
        assert (program, module, name_of_module) == ("python3", "-m", "legal_ai.migrate")
        env = self._environment(container) | {"TERMINATION_LOG": str(self.folder / f"{name}.end")}
        self.processes[name] = image.start(env.pop("DATABASE_URL"), *arguments, **env)

    def _environment(self, container: Body) -> dict[str, str]:
        def secret(name: str) -> dict[str, str]:
            values: dict[str, str] = self.objects[("Secret", name)]["stringData"]
            return values

        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= secret(source["secretRef"]["name"])
        for entry in container.get("env", []):
            ref = entry["valueFrom"]["secretKeyRef"]
            found[entry["name"]] = secret(ref["name"])[ref["key"]]
        return found

    def _conditions(self, name: str) -> builtins.list[Body]:
        process = self.processes.get(name)
        code = process.code if process else None
        if code is None:
            return []
        kind = "Failed" if code else "Complete"
        return [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]

    def _pod(self, job: Body) -> Body:
        name = job["metadata"]["name"]
        template = job["spec"]["template"]
        process = self.processes.get(name)
        code = process.code if process else None
        end = self.folder / f"{name}.end"
        state: Body = {"running": {}}
        if process is None:
            state = {"waiting": {"reason": "ErrImageNeverPull", "message": "no such image"}}
        elif code is not None:
            text = end.read_text() if end.exists() else ""
            state = {"terminated": {"exitCode": code, "message": text}}
        return {
            "metadata": {
                "name": name,
                "labels": {**template["metadata"]["labels"], "job-name": name},
                "creationTimestamp": job["metadata"]["creationTimestamp"],
            },
            "spec": template["spec"],
            "status": {"containerStatuses": [{"name": names.MIGRATE, "state": state}]},
        }
