"""When an object has become what it was asked to be, told from the object alone: one rule a kind.

The rules for Kubernetes' own kinds are the official provider's. Routes and gateways, for which
that one does not wait, are done when their controller has accepted the current generation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from local.plugins.kubernetes.objects import (
    WAIT_FOR,
    KubeObject,
    annotation,
    condition,
    find_condition,
    get,
    kind_of,
    name_of,
)

UNCLAIMED_AFTER = 5.0
"""Seconds after which a route without any status counts as one that no controller looks after."""
GATEWAY_GROUP = "gateway.networking.k8s.io"


@dataclass(frozen=True)
class Readiness:
    """Where an object stands. `failed` when it can't get ready any more."""

    ready: bool
    reasons: tuple[str, ...] = ()
    failed: bool = False
    warning: str = ""


READY = Readiness(ready=True)
Rule = Callable[[KubeObject, float], Readiness]
"""From the object, and the seconds waited so far."""


@dataclass(frozen=True)
class Awaiting:
    """How long to wait for what, and whether a refresh reports what is not ready as well."""

    rule: Rule
    timeout: float
    on_read: bool = False


class WaitForError(ValueError):
    """The `pulumi.com/waitFor` annotation says nothing that can be waited for."""


def not_yet(*reasons: str) -> Readiness:
    """Not ready, for these reasons."""
    return Readiness(ready=False, reasons=tuple(reason for reason in reasons if reason))


def awaiting(obj: KubeObject) -> Awaiting | None:
    """What to wait for with this object; None when its being stored is all there is.

    Raises WaitForError.
    """
    if annotation(obj, WAIT_FOR):
        return Awaiting(_wait_for(annotation(obj, WAIT_FOR)), 600)
    kind = kind_of(obj)
    if kind.group == GATEWAY_GROUP:
        if kind.kind.endswith("Route"):
            return Awaiting(route, 60)
        if kind.kind in ("Gateway", "GatewayClass"):
            return Awaiting(gateway, 60)
        return None
    return _BY_KIND.get(str(kind))


def _observed(obj: KubeObject) -> bool:
    seen = get(obj, "status", "observedGeneration", default=0)
    return bool(seen >= get(obj, "metadata", "generation", default=0))


def deployment(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
    """Every replica is of the new template and available, and none of an old one is left."""
    if not _observed(obj):
        return not_yet("the controller has not looked at it yet")
    wanted = get(obj, "spec", "replicas", default=1)
    status = get(obj, "status", default={})
    updated = status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    total = status.get("replicas", 0)
    problems = _false_conditions(obj, "Progressing") + _true_conditions(obj, "ReplicaFailure")
    if updated < wanted:
        return not_yet(f"{updated} of {wanted} replicas are of the new version", *problems)
    if total > updated:
        return not_yet(f"{total - updated} replicas of an old version are still there", *problems)
    if available < wanted:
        return not_yet(f"{available} of {wanted} replicas are available", *problems)
    return READY


def _false_conditions(obj: KubeObject, *kinds: str) -> list[str]:
    return [
        _condition_text(found)
        for kind in kinds
        if (found := condition(obj, kind)).get("status") == "False"
    ]


def _true_conditions(obj: KubeObject, *kinds: str) -> list[str]:
    return [
        _condition_text(found)
        for kind in kinds
        if (found := condition(obj, kind)).get("status") == "True"
    ]


def _condition_text(found: dict[str, str]) -> str:
    return f"[{found.get('reason') or found.get('type')}] {found.get('message', '')}".strip()


def stateful_set(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
    """Every replica is of the current revision and ready."""
    if not _observed(obj):
        return not_yet("the controller has not looked at it yet")
    wanted = get(obj, "spec", "replicas", default=1)
    status = get(obj, "status", default={})
    if get(obj, "spec", "updateStrategy", "type") == "OnDelete":
        updated = wanted
    else:
        partition = get(obj, "spec", "updateStrategy", "rollingUpdate", "partition", default=0)
        updated = status.get("updatedReplicas", 0) + partition
        if not partition and status.get("currentRevision") == status.get("updateRevision"):
            updated = max(updated, status.get("currentReplicas", 0))
    if updated < wanted:
        return not_yet(f"{updated} of {wanted} replicas are of the new version")
    ready = status.get("readyReplicas", 0)
    if ready < wanted or status.get("replicas", 0) > wanted:
        return not_yet(f"{ready} of {wanted} replicas are ready")
    return READY


def daemon_set(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
    """Every node that should have a pod has an available one of the new template."""
    if not _observed(obj):
        return not_yet("the controller has not looked at it yet")
    status = get(obj, "status", default={})
    wanted = status.get("desiredNumberScheduled", 0)
    if get(obj, "spec", "updateStrategy", "type") != "OnDelete":
        updated = status.get("updatedNumberScheduled", 0)
        if updated < wanted:
            return not_yet(f"{updated} of {wanted} pods are of the new version")
    available = status.get("numberAvailable", 0)
    if available < wanted:
        return not_yet(f"{available} of {wanted} pods are available")
    return READY


def job(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
    """The job has completed; one that has failed stays so."""
    if condition(obj, "Complete").get("status") == "True":
        return READY
    if get(obj, "spec", "suspend", default=False):
        return READY
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        return Readiness(ready=False, reasons=(_condition_text(failed),), failed=True)
    status = get(obj, "status", default={})
    done, wanted = status.get("succeeded", 0), get(obj, "spec", "completions", default=1)
    tries = f", {status['failed']} failed" if status.get("failed") else ""
    return not_yet(f"{done} of {wanted} pods have succeeded{tries}")


def pod(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
    """The pod is ready, or has succeeded."""
    phase = get(obj, "status", "phase", default="Pending")
    if phase == "Succeeded" or condition(obj, "Ready").get("status") == "True":
        return READY
    if phase == "Failed":
        reason = get(obj, "status", "reason", default="Failed")
        message = get(obj, "status", "message", default="the pod has failed")
        return Readiness(ready=False, reasons=(f"[{reason}] {message}",), failed=True)
    return not_yet(f"the pod is {phase} and not ready")


def definition(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
    """The API server serves the new kind."""
    if condition(obj, "Established").get("status") == "True":
        return READY
    return not_yet("the API server does not serve it yet", *_false_conditions(obj, "NamesAccepted"))


def route(obj: KubeObject, waited: float) -> Readiness:
    """Every parent has accepted this generation, and found what it refers to."""
    parents = get(obj, "status", "parents", default=[])
    if not parents:
        if waited >= UNCLAIMED_AFTER:
            warning = f"no gateway controller has taken up {kind_of(obj).kind} {name_of(obj)!r}"
            return Readiness(ready=True, warning=f"{warning}: is its parentRefs right?")
        return not_yet("no gateway controller has looked at it yet")
    generation = get(obj, "metadata", "generation", default=0)
    reasons = []
    for parent in parents:
        who = get(parent, "parentRef", "name", default="?")
        for kind in ("Accepted", "ResolvedRefs"):
            reasons += _unmet(parent.get("conditions") or [], kind, generation, f"gateway {who!r}")
    return not_yet(*reasons) if reasons else READY


def gateway(obj: KubeObject, waited: float) -> Readiness:
    """The controller has accepted this generation."""
    conditions = get(obj, "status", "conditions", default=[])
    generation = get(obj, "metadata", "generation", default=0)
    accepted = find_condition(conditions, "Accepted")
    unclaimed = not accepted or accepted.get("reason") == "Pending"
    if unclaimed and waited >= UNCLAIMED_AFTER:
        warning = f"no controller has taken up {kind_of(obj).kind} {name_of(obj)!r}"
        return Readiness(ready=True, warning=warning)
    reasons = _unmet(conditions, "Accepted", generation, "the controller")
    return not_yet(*reasons) if reasons else READY


def _unmet(conditions: list[dict[str, str]], kind: str, generation: int, who: str) -> list[str]:
    found = find_condition(conditions, kind)
    if not found:
        return [f"{who} has not said {kind} yet"]
    seen = int(found.get("observedGeneration") or 0)
    if seen < generation:
        return [f"{who} has not looked at generation {generation} yet, its last is {seen}"]
    if found.get("status") != "True":
        return [f"{who}: {kind} is {found.get('status')}: {_condition_text(found)}"]
    return []


_BY_KIND = {
    "apps/v1/Deployment": Awaiting(deployment, 600, on_read=True),
    "apps/v1/StatefulSet": Awaiting(stateful_set, 600, on_read=True),
    "apps/v1/DaemonSet": Awaiting(daemon_set, 600, on_read=True),
    "batch/v1/Job": Awaiting(job, 600, on_read=True),
    "v1/Pod": Awaiting(pod, 600, on_read=True),
    "apiextensions.k8s.io/v1/CustomResourceDefinition": Awaiting(definition, 60),
}


def _wait_for(text: str) -> Rule:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    expressions = parsed if isinstance(parsed, list) else [text]
    rules = [_expression(str(expression)) for expression in expressions]
    if not rules:
        raise WaitForError(f"{WAIT_FOR} is an empty list: name at least one condition")

    def all_of(obj: KubeObject, waited: float) -> Readiness:
        states = [rule(obj, waited) for rule in rules]
        reasons = [reason for state in states for reason in state.reasons]
        return not_yet(*reasons) if reasons else READY

    return all_of


def _expression(text: str) -> Rule:
    custom = re.fullmatch(r"condition=([^=]+)(?:=(.+))?", text)
    if custom:
        return _has_condition(custom[1], custom[2] or "True")
    path = re.fullmatch(r"jsonpath=\{?((?:\.[\w-]+|\[\d+\])+)\}?(?:=(.+))?", text)
    if path:
        steps = [
            int(index) if index else key
            for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path[1])
        ]
        return _has_value(steps, path[2], path[1])
    raise WaitForError(
        f"{WAIT_FOR}: {text!r} is neither condition=TYPE[=STATUS] nor a plain"
        " jsonpath={.path.to.field}[=VALUE], which is all that this provider understands"
    )


def _has_condition(kind: str, status: str) -> Rule:
    def rule(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
        found = condition(obj, kind)
        if str(found.get("status", "")).lower() == status.lower():
            return READY
        return not_yet(f"condition {kind} is {found.get('status', 'not set')}, not {status}")

    return rule


def _has_value(steps: list[str | int], wanted: str | None, text: str) -> Rule:
    def rule(obj: KubeObject, waited: float) -> Readiness:  # noqa: ARG001
        value = get(obj, *steps)
        if value is not None and (wanted is None or _text_of(value) == wanted):
            return READY
        return not_yet(f"{text} is {value!r}, not {wanted!r}" if wanted else f"{text} is not set")

    return rule


def _text_of(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
