"""Waiting for one object to be ready or gone, and telling what it waits for."""

from __future__ import annotations

import time
from collections.abc import Callable

from local.plugins.kubernetes import pods
from local.plugins.kubernetes.client import ApiError, Client
from local.plugins.kubernetes.objects import (
    Kind,
    KubeObject,
    condition,
    get,
    kind_of,
    name_of,
    namespace_of,
)
from local.plugins.kubernetes.readiness import READY, Awaiting, Readiness, not_yet

ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice")
POLL = 0.15
"""Seconds between looks at what can't be watched as one object."""
TOLD = 3
"""Reasons shown while waiting; all of them are told when the wait fails."""
SERVICE_TIMEOUT = 600.0
DELETION_TIMEOUT = 600.0
_WITH_PODS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"}

Report = Callable[[str], None]


class NotReadyError(Exception):
    """The object is there, but did not become ready in time, or never will.

    `obj` is the object as it was last seen, `reasons` one sentence each.
    """

    def __init__(self, summary: str, reasons: list[str], obj: KubeObject) -> None:
        super().__init__(summary)
        self.reasons = reasons
        self.obj = obj

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {reason}" for reason in self.reasons)])


def until_ready(
    client: Client,
    obj: KubeObject,
    awaiting: Awaiting,
    *,
    timeout: float | None,
    status: Report,
    warn: Report,
) -> KubeObject:
    """Follow the object until its rule is content; returns it as it is then.

    Raises NotReadyError, CancelledError, UnreachableError.
    """
    limit = awaiting.timeout if timeout is None else timeout
    began = time.monotonic()
    what = f"{kind_of(obj).kind} {name_of(obj)!r}"
    current, state = obj, not_yet()
    for event in client.follow(client.resource(kind_of(obj)), obj, limit):
        if event.obj is None:
            raise NotReadyError(f"{what} was deleted while waiting for it", [], current)
        current = event.obj
        state = awaiting.rule(current, time.monotonic() - began)
        if state.ready:
            if state.warning:
                warn(state.warning)
            return current
        if state.failed:
            raise NotReadyError(f"{what} has failed", explained(client, current, state), current)
        if not event.fresh:
            told = [*state.reasons, *_pod_reasons(client, current, evidence=False)]
            status("; ".join(told[:TOLD]))
    raise NotReadyError(
        f"{what} was not ready after {limit:.0f} s", explained(client, current, state), current
    )


def explained(client: Client, obj: KubeObject, state: Readiness) -> list[str]:
    """The rule's reasons and what the pods have to say, with their last log lines."""
    return [*state.reasons, *_pod_reasons(client, obj, evidence=True)]


def _pod_reasons(client: Client, obj: KubeObject, *, evidence: bool) -> list[str]:
    if kind_of(obj).kind not in _WITH_PODS:
        return []
    return pods.reasons(client, obj, evidence=evidence)


def service_readiness(client: Client, service: KubeObject) -> Readiness:
    """A Service is ready when somebody answers behind it; one without selector always is."""
    spec = get(service, "spec", default={})
    if spec.get("type") == "LoadBalancer" and not get(service, "status", "loadBalancer", "ingress"):
        return not_yet("no address has been given to the load balancer yet")
    external = spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None"
    if external or not spec.get("selector"):
        return READY
    slices = client.search(
        ENDPOINT_SLICE,
        namespace_of(service),
        labelSelector=f"kubernetes.io/service-name={name_of(service)}",
    )
    endpoints = [endpoint for found in slices for endpoint in get(found, "endpoints", default=[])]
    if any(get(endpoint, "conditions", "ready", default=True) for endpoint in endpoints):
        return READY
    selector = ",".join(f"{key}={value}" for key, value in spec["selector"].items())
    if not endpoints:
        return not_yet(f"no pod has the labels of its selector, {selector}")
    return not_yet(f"none of its {len(endpoints)} pods is ready (selector {selector})")


def until_service_ready(
    client: Client, service: KubeObject, *, timeout: float | None, status: Report
) -> KubeObject:
    """Wait until a Service has an endpoint that is ready. Raises NotReadyError."""
    limit = SERVICE_TIMEOUT if timeout is None else timeout
    deadline = time.monotonic() + limit
    current = service
    while True:
        state = service_readiness(client, current)
        if state.ready:
            return current
        if time.monotonic() >= deadline:
            raise NotReadyError(
                f"Service {name_of(service)!r} was not ready after {limit:.0f} s",
                list(state.reasons),
                current,
            )
        status("; ".join(state.reasons))
        client.pause(POLL)
        current = client.get(kind_of(service), namespace_of(service), name_of(service))


def until_gone(client: Client, obj: KubeObject, *, timeout: float | None, status: Report) -> None:
    """Wait until a deleted object is gone. Raises NotReadyError when something holds it."""
    limit = DELETION_TIMEOUT if timeout is None else timeout
    current = obj
    uid = get(obj, "metadata", "uid")
    for event in client.follow(client.resource(kind_of(obj)), obj, limit):
        if event.obj is None or get(event.obj, "metadata", "uid") != uid:
            return
        current = event.obj
        if not event.fresh:
            status("; ".join(holding(client, current)))
    raise NotReadyError(
        f"{kind_of(obj).kind} {name_of(obj)!r} was asked to go {limit:.0f} s ago and is still"
        " there",
        holding(client, current),
        current,
    )


def holding(client: Client, obj: KubeObject) -> list[str]:
    """What keeps a deleted object from going."""
    reasons = [
        f"{found['message']}"
        for kind in ("NamespaceContentRemaining", "NamespaceFinalizersRemaining")
        if (found := condition(obj, kind)).get("status") == "True"
    ]
    finalizers = get(obj, "metadata", "finalizers", default=[])
    if "foregroundDeletion" in finalizers and kind_of(obj).kind in _WITH_PODS:
        try:
            left = [name_of(pod) for pod in pods.pods_of(client, obj)]
        except ApiError:
            left = []
        if left:
            reasons.append(f"{len(left)} of its pods still end: {', '.join(left[: pods.SHOWN])}")
    others = [finalizer for finalizer in finalizers if finalizer != "foregroundDeletion"]
    if others:
        reasons.append(f"finalizers not yet done: {', '.join(others)}")
    return reasons or ["waiting for the API server to remove it"]
