"""Which color runs the services that one color alone may run: workers and cron jobs.

A color runs them as long as anything is left: pods until they are gone, runs until they have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.verdict import Finding, Severity

if TYPE_CHECKING:
    from ops.cluster import Cluster

WORKER: Final = "worker"
CRON: Final = "cron"
_OBJECTS: Final = (
    ("Deployment", WORKER),
    ("CronJob", CRON),
    ("Job", CRON),
    ("Pod", WORKER),
    ("Pod", CRON),
)
_STOP: Final = {
    "Deployment": "kubectl scale deployment {} --replicas=0",
    "CronJob": """kubectl patch cronjob {} --patch '{{"spec":{{"suspend":true}}}}'""",
    "Job": "kubectl delete job {}",
    "Pod": "kubectl delete pod {}",
}


@dataclass(frozen=True)
class Runner:
    """One object that runs a background service.

    `starts`: it makes new pods until somebody stops it. `grace_seconds`: the time it has to end
    once it was told to.
    """

    kind: str
    name: str
    color: Color
    starts: bool = False
    grace_seconds: int = 0

    @property
    def stop(self) -> str:
        """The command that ends it."""
        return _STOP[self.kind].format(self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def running(cluster: Cluster) -> dict[Color, list[Runner]]:
    """What runs background services now, by color. Raises CouldNotFindOut."""
    found: dict[Color, list[Runner]] = {color: [] for color in Color}
    for kind, service_kind in _OBJECTS:
        for body in cluster.list(kind, {names.KIND: service_kind}):
            runner = _runner(kind, body)
            if runner is not None:
                found[runner.color].append(runner)
    return found


def runs(body: Mapping[str, Any]) -> bool:
    """Whether a Deployment asks for pods, or a CronJob starts Jobs."""
    spec = body["spec"]
    # Neither has the other's field.
    return bool(spec.get("replicas", 1)) and not spec.get("suspend", False)


def has_ended(job: Mapping[str, Any]) -> bool:
    """Whether a Job is over, well or not; before that, pods of it may still be at work."""
    return any(
        condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
        for condition in job.get("status", {}).get("conditions") or []
    )


def wanted(cluster: Cluster) -> bool:
    """Whether any background service is to run at all, in whichever color. Raises CouldNotFindOut.

    The program notes on each object how many pods it has while its color is the active one.
    """
    return any(
        (body["metadata"].get("annotations") or {}).get(names.REPLICAS) != "0"
        for kind, service_kind in _OBJECTS[:2]
        for body in cluster.list(kind, {names.KIND: service_kind})
    )


def judge(found: Mapping[Color, Sequence[Runner]], *, is_wanted: bool) -> list[Finding]:
    """Why it is not exactly one color that runs them; empty when it is, or nothing is to run."""
    running_colors = [color for color, runners in found.items() if runners]
    if len(running_colors) > 1:
        told = "; ".join(f"{color} has {listed(found[color])}" for color in running_colors)
        return [
            Finding(
                Severity.REFUSED,
                f"both colors run background services: {told}",
                "If this stays so, stop what runs in the color that is not the active one",
            )
        ]
    if is_wanted and not running_colors:
        return [
            Finding(
                Severity.REFUSED,
                "no color runs the background services",
                "`pulumi up --refresh` starts them in the active color",
            )
        ]
    return []


def listed(runners: Iterable[Runner]) -> str:
    """The runners in a sentence."""
    return ", ".join(str(runner) for runner in runners)


def _runner(kind: str, body: Mapping[str, Any]) -> Runner | None:
    """The object as a runner, None where it neither runs nor starts anything."""
    spec, status = body.get("spec", {}), body.get("status", {})
    name = str(body["metadata"]["name"])
    color = _color(kind, name, body["metadata"].get("labels") or {})
    if kind in ("Deployment", "CronJob"):
        return Runner(kind, name, color, starts=True) if runs(body) else None
    if kind == "Job":
        return None if has_ended(body) else Runner(kind, name, color)
    if status.get("phase") in ("Succeeded", "Failed"):
        return None
    return Runner(kind, name, color, grace_seconds=spec.get("terminationGracePeriodSeconds", 30))


def _color(kind: str, name: str, labels: Mapping[str, str]) -> Color:
    try:
        return Color(labels.get("color", ""))
    except ValueError as error:
        raise CouldNotFindOut(
            f"{kind} {name} has the label {names.KIND} and no color: which one runs it? "
            f"See `kubectl get {kind.lower()} {name} --show-labels`"
        ) from error
