"""The agent's image has one name for ever: pods that run what it meant before are replaced."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from local.addresses import AGENT_IMAGE
from local.commands import run
from local.images_import import identities
from local.problems import NotReadyError
from local.stack import Stack
from ops.agent import NAME

PODS = f"/api/v1/pods?labelSelector=app%3D{NAME}"


def replace_outdated(stack: Stack, archives: Iterable[Path]) -> None:
    """Delete the agents' pods whose image is not the one in `archives`; others take their place.

    Where the API server does not answer nothing is done: the next `up` comes by again.
    """
    ids = {tag: number for path in archives for tag, number in identities(path).items()}
    if AGENT_IMAGE not in ids:
        return
    try:
        pods = stack.api.get(PODS)["items"]
    except NotReadyError as error:
        stack.report.line(f"pods of the agent are left as they are: {error}", "yellow")
        return
    for namespace, name in outdated(pods, ids[AGENT_IMAGE]):
        kubectl = [stack.places.bin / "kubectl", f"--kubeconfig={stack.places.kubeconfig}"]
        run([*kubectl, "delete", "pod", name, f"--namespace={namespace}", "--wait=false",
             "--ignore-not-found"], timeout=60)  # fmt: skip
        stack.report.line(f"{namespace}/{name} ran an older image of the agent: replaced")


def outdated(pods: Iterable[Mapping[str, Any]], identity: str) -> list[tuple[str, str]]:
    """Return namespace and name of the pods in which the agent's tag is another image.

    `identity` is the hexadecimal digest of the image's configuration, by which containerd calls it.
    """
    found = []
    for pod in pods:
        ours = {one["name"] for one in pod["spec"]["containers"] if one["image"] == AGENT_IMAGE}
        statuses = pod["status"].get("containerStatuses", [])
        runs = {entry["imageID"] for entry in statuses if entry["name"] in ours}
        if any(image and not image.endswith(identity) for image in runs):
            found.append((pod["metadata"]["namespace"], pod["metadata"]["name"]))
    return found
