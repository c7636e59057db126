"""Which pods there are, for Prometheus: Debian's is built without discovery by Kubernetes.

The labels are those of its role `pod`, so what is made of them here holds in any cluster.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local.api import Api
from local.credentials import write

PODS = "/api/v1/pods?fieldSelector=status.phase%3DRunning"
META = "__meta_kubernetes"

Target = dict[str, Any]


class Discovery:
    """Keeps a file of targets that Prometheus reads again by itself when it changes."""

    def __init__(self, api: Api, file: Path) -> None:
        self._api = api
        self._file = file

    def load(self) -> None:
        """Write down the pods that run now; raise NotReadyError if they can't be asked for."""
        found = [target for pod in self._api.get(PODS)["items"] for target in targets(pod)]
        write(self._file, json.dumps(found, indent=1))


def targets(pod: dict[str, Any]) -> Iterator[Target]:
    """Yield a target for each port that the pod's containers name, one without for none."""
    address = pod["status"].get("podIP")
    if not address:
        return
    about = dict(_labels(pod))
    for container in pod["spec"]["containers"]:
        named = about | {f"{META}_pod_container_name": container["name"]}
        ports = container.get("ports", [])
        if not ports:
            yield {"targets": [address], "labels": named}
        for port in ports:
            number = str(port["containerPort"])
            labels = named | {f"{META}_pod_container_port_number": number}
            if "name" in port:
                labels[f"{META}_pod_container_port_name"] = port["name"]
            yield {"targets": [f"{address}:{number}"], "labels": labels}


def _labels(pod: dict[str, Any]) -> Iterable[tuple[str, str]]:
    meta = pod["metadata"]
    yield f"{META}_namespace", meta["namespace"]
    yield f"{META}_pod_name", meta["name"]
    yield f"{META}_pod_ip", pod["status"]["podIP"]
    yield f"{META}_pod_phase", pod["status"]["phase"]
    for kind in ("label", "annotation"):
        for name, text in (meta.get(f"{kind}s") or {}).items():
            yield f"{META}_pod_{kind}_{re.sub(r'[^A-Za-z0-9_]', '_', name)}", text
