"""New pods for a Deployment, one after another, never fewer ready ones than it may do with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.errors import Refused, UsageError
from ops.state import workload_state

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster
    from ops.color import Color

RESTARTED: Final = f"{names.DOMAIN}/restarted-at"
"""Annotation of the pods: a new value makes new pods, and `pulumi up` leaves it as it is."""
POLL_SECONDS: Final = 0.5
ALL_NEW: Final = "NewReplicaSetAvailable"
"""What the condition Progressing says once a rollout is over, until the next one begins."""
_OURS: Final = {"app.kubernetes.io/part-of": "legal-ai"}


@dataclass(frozen=True)
class Target:
    """One Deployment: how many pods it asks for, and how many may be missing while it restarts."""

    name: str
    service: str
    replicas: int
    may_miss: int

    @property
    def keeps(self) -> int:
        """How many pods serve all the time."""
        return max(0, self.replicas - self.may_miss)


def targets(cluster: Cluster, color: Color, services: Collection[str]) -> list[Target]:
    """What has pods in the color, of some services or of all.

    Raises UsageError for a service that there is not, Refused where a restart would leave nobody
    to answer, CouldNotFindOut.
    """
    found = [_target(body) for body in cluster.list("Deployment", _OURS | {"color": str(color)})]
    there = {each.service for each in found}
    if unknown := sorted(set(services) - there):
        has = ", ".join(sorted(there)) or "nothing that can be restarted"
        raise UsageError(f"{color} has no Deployment of {', '.join(unknown)}; it has {has}")
    chosen = [e for e in found if e.replicas and (not services or e.service in services)]
    if not chosen:
        raise Refused(
            f"{color} runs no pods of {', '.join(services) or 'any service'}: there is nothing to "
            f"restart. To start it: `pulumi config set --path {color}.replicas NUMBER`, `pulumi up`"
        )
    if gone := [each.name for each in chosen if not each.keeps]:
        raise Refused(
            f"restarting {', '.join(gone)} would leave it without a pod for a while: its strategy "
            "ends the old pods first. Give it more replicas, or maxUnavailable 0; nothing was "
            "restarted"
        )
    return chosen


@dataclass(frozen=True)
class Restart:
    """One restart by its cluster; `wait_seconds` for each Deployment."""

    cluster: Cluster
    say: Callable[[str], None]
    wait_seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, target: Target) -> None:
        """Begin it, unless one is under way, and wait until all pods are new and ready.

        Raises Refused with what keeps them from it; old pods serve on then. CouldNotFindOut.
        """
        if _is_under_way(self._deployment(target)):
            self.say(f"{target.name}: new pods are on their way already")
        else:
            at = datetime.now(UTC).isoformat(timespec="microseconds")
            note = {"metadata": {"annotations": {RESTARTED: at}}}
            self.cluster.patch("Deployment", target.name, {"spec": {"template": note}})
            self.say(f"{target.name}: {target.replicas} new pods, {target.keeps} serve meanwhile")
        self._await(target)
        self.say(f"{target.name}: all {target.replicas} pods are new and ready")

    def _await(self, target: Target) -> None:
        deadline = self.clock() + self.wait_seconds
        while not _is_done(found := self._deployment(target)):
            if self.clock() > deadline or _has_given_up(found):
                raise Refused(
                    f"{target.name} did not get its new pods ready within {self.wait_seconds:g} s: "
                    f"{self._why(target, found)}. The old ones serve on; "
                    "`scripts/diagnose.py pods` looks for the reason. Run this again to go on"
                )
            self.sleep(POLL_SECONDS)

    def _deployment(self, target: Target) -> Body:
        found = self.cluster.get("Deployment", target.name)
        if found is None:
            raise Refused(f"{target.name} is gone: somebody deleted it meanwhile")
        return found

    def _why(self, target: Target, deployment: Body) -> str:
        labels = deployment["spec"]["selector"]["matchLabels"]
        state = workload_state(deployment, self.cluster.list("Pod", labels), target.service)
        failed = _condition(deployment, "ReplicaFailure").get("message", "")
        sick = [f"{each.name}: {each.problem}" for each in state.replicas if each.problem]
        return "; ".join(filter(None, [failed, *sick])) or (
            f"{state.updated} of {state.desired} are new, {state.available} ready"
        )


def _target(deployment: Mapping[str, Any]) -> Target:
    spec, metadata = deployment["spec"], deployment["metadata"]
    replicas = int(spec.get("replicas", 1))
    return Target(
        name=str(metadata["name"]),
        service=str(metadata["labels"]["app"]),
        replicas=replicas,
        may_miss=_may_miss(spec.get("strategy") or {}, replicas),
    )


def _may_miss(strategy: Mapping[str, Any], replicas: int) -> int:
    """As the Deployment controller counts: the surge rounded up, what may be missing down."""
    if strategy.get("type") == "Recreate":
        return replicas
    rolling = strategy.get("rollingUpdate") or {}
    missing = math.floor(_number(rolling.get("maxUnavailable", "25%"), replicas))
    surge = math.ceil(_number(rolling.get("maxSurge", "25%"), replicas))
    return missing if missing or surge else 1


def _number(value: int | str, of: int) -> float:
    text = str(value)
    return int(text[:-1]) * of / 100 if text.endswith("%") else int(text)


def _is_done(deployment: Mapping[str, Any]) -> bool:
    state, status = workload_state(deployment, (), ""), deployment.get("status", {})
    everyone = int(status.get("replicas") or 0)
    return state.is_observed and state.desired == state.updated == state.available == everyone


def _is_under_way(deployment: Mapping[str, Any]) -> bool:
    """Whether a restart has begun that goes on; after one that is over, or stuck, comes another."""
    notes = deployment["spec"]["template"].get("metadata", {}).get("annotations") or {}
    is_over = _is_done(deployment) or _has_come_through(deployment) or _has_given_up(deployment)
    return RESTARTED in notes and not is_over


def _has_come_through(deployment: Mapping[str, Any]) -> bool:
    """Whether all pods were new and ready once; since then some may have become sick."""
    observed = workload_state(deployment, (), "").is_observed
    return observed and _condition(deployment, "Progressing").get("reason") == ALL_NEW


def _has_given_up(deployment: Mapping[str, Any]) -> bool:
    """Whether the Deployment's own time to get its pods ready is over."""
    observed = workload_state(deployment, (), "").is_observed
    return observed and _condition(deployment, "Progressing").get("status") == "False"


def _condition(deployment: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = deployment.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == kind), {})
