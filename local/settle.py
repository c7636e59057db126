"""After a start: the pods of an earlier run are back, not only said to be so from before."""

import time
from typing import Any

from local.parts.containerd import Containerd
from local.problems import NotReadyError
from local.stack import NodeKind, Stack

SETTLE_SECONDS = 45
# A container that waits for one of these will not be ready by waiting for it.
BROKEN = {
    "CrashLoopBackOff",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
}


def wait_for_pods(stack: Stack) -> None:
    """Wait until every pod that should run has live containers and is ready, or say which don't.

    What the API server holds right after a start is from before the stop; containerd is asked
    which containers there really are. Not an error: a broken pod must not block `up`.
    """
    if stack.node is not NodeKind.CONTAINERS:
        return
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        late = unsettled(pods(stack), running_containers(stack))
        if not late:
            return
        if time.monotonic() > deadline:
            stack.report.line(
                f"not ready after {SETTLE_SECONDS} s: {', '.join(late)}. "
                "See why with: source .local/env; kubectl get pods -A; kubectl describe pod NAME",
                "yellow",
            )
            return
        time.sleep(0.3)


def pods(stack: Stack) -> list[dict[str, Any]]:
    """Return all pods; none while the API server can't tell."""
    try:
        return list(stack.api.get("/api/v1/pods")["items"])
    except NotReadyError:
        return []


def running_containers(stack: Stack) -> set[str]:
    """Return the identifiers of the containers that run."""
    rows = Containerd(stack).ctr("tasks", "list").splitlines()[1:]
    return {row.split()[0] for row in rows if row.split()[-1] == "RUNNING"}


def unsettled(found: list[dict[str, Any]], running: set[str]) -> list[str]:
    """Return the names of pods that should run, may come up, and are not ready yet."""
    late = []
    for pod in found:
        status, meta = pod["status"], pod["metadata"]
        if status.get("phase") in {"Succeeded", "Failed"} or "deletionTimestamp" in meta:
            continue
        entries = status.get("containerStatuses", [])
        if any(e.get("state", {}).get("waiting", {}).get("reason") in BROKEN for e in entries):
            continue
        containers = {entry.get("containerID", "").rpartition("/")[2] for entry in entries}
        conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
        if not containers or not containers <= running or conditions.get("Ready") != "True":
            late.append(f"{meta['namespace']}/{meta['name']}")
    return late
