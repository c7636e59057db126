"""The gate as Pulumi resource hooks, so that a bare `pulumi up` has it.

Made once for the whole program and whatever colors are declared: the engine must find a hook by
its name also when it deletes a resource that the program no longer has.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from ops import routing
from ops.color import Color
from ops.errors import OpsError
from ops.gate import Gate
from ops.names import ACTIVE_COLOR, CANARY_WEIGHT, SERIAL
from ops.verdict import Finding, RouteChange, WorkloadChange, judge_workload

Inputs = Mapping[str, Any]


class GateHooks:
    """Hooks that ask a gate. In a preview they tell the verdict and never fail."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        if not pulumi.runtime.is_dry_run():
            # Every `up` asks the gate in the end: what that needs is loaded while Pulumi waits.
            threading.Thread(target=_connect, args=(gate,), daemon=True).start()
        before_route = _hook("before-route", self._before_route, on_preview=True)
        after_route = _hook("after-route", self._after_route, on_preview=False)
        workload = _hook("before-workload", self._before_workload, on_preview=True)
        self.route = pulumi.ResourceHookBinding(
            before_create=[before_route],
            before_update=[before_route],
            after_create=[after_route],
            after_update=[after_route],
        )
        self.canary = pulumi.ResourceHookBinding(
            before_create=[before_route], before_update=[before_route]
        )
        self.workload = pulumi.ResourceHookBinding(
            before_create=[workload], before_update=[workload], before_delete=[workload]
        )

    async def settled(self) -> bool:
        """True once nothing is left unverified; raises while a check of an earlier run fails."""
        if not pulumi.runtime.is_dry_run():
            try:
                await asyncio.to_thread(self._gate.settle)
            except OpsError as error:
                raise pulumi.RunError(str(error)) from error
        return True

    def _before_route(self, args: pulumi.ResourceHookArgs) -> None:
        change = _route_change(args.new_inputs or {})
        if pulumi.runtime.is_dry_run():
            findings, _ = self._gate.judge(change)
            _warn(findings, "the gate would refuse this route, as things stand now")
            return
        self._gate.before_route(change)

    def _after_route(self, args: pulumi.ResourceHookArgs) -> None:
        self._gate.after_route(_weights(args.new_inputs or {}))

    def _before_workload(self, args: pulumi.ResourceHookArgs) -> None:
        change, service = _workload_change(args)
        if pulumi.runtime.is_dry_run():
            gate = self._gate
            current = gate.workload(service, change.color)
            findings = judge_workload(change, current, gate.live(), gate.hold())
            _warn(findings, f"the gate would refuse this change of {change.name}")
            return
        self._gate.before_workload(change, service)


def _connect(gate: Gate) -> None:
    # Whoever asks the gate gets the error, if there is one.
    with contextlib.suppress(OpsError):
        _ = gate.cluster


def _hook(
    name: str, check: Callable[[pulumi.ResourceHookArgs], None], *, on_preview: bool
) -> pulumi.ResourceHook:
    async def run(args: pulumi.ResourceHookArgs) -> None:
        begin = time.monotonic()
        try:
            await asyncio.to_thread(check, args)
            tell = pulumi.log.info if "route" in name else pulumi.log.debug
            tell(f"gate: {name} took {time.monotonic() - begin:.2f} s")
        except OpsError as error:
            if not pulumi.runtime.is_dry_run():
                raise
            pulumi.log.warn(f"the gate could not find out: {error}")

    return pulumi.ResourceHook(
        f"gate-{name}", run, pulumi.ResourceHookOptions(on_dry_run=on_preview)
    )


def _warn(findings: list[Finding], title: str) -> None:
    if findings:
        pulumi.log.warn("\n".join([f"{title}:", *(f"  - {finding}." for finding in findings)]))


def _route_change(inputs: Inputs) -> RouteChange:
    notes = inputs["metadata"]["annotations"]
    return RouteChange(
        active=Color(notes[ACTIVE_COLOR]),
        canary_weight=int(notes[CANARY_WEIGHT]),
        serial=int(notes[SERIAL]),
        weights=_weights(inputs),
    )


def _weights(inputs: Inputs) -> dict[Color, int]:
    """Percent per color that the inputs give: the engine hands numbers over as floats."""
    if inputs.get("kind") != "Ingress":
        return routing.live_weights(inputs)
    notes = inputs["metadata"]["annotations"]
    active, weight = Color(notes[ACTIVE_COLOR]), int(notes[CANARY_WEIGHT])
    return {active: 100 - weight, active.other: weight}


def _workload_change(args: pulumi.ResourceHookArgs) -> tuple[WorkloadChange, str]:
    inputs = args.new_inputs or args.old_inputs or {}
    labels, spec = inputs["metadata"]["labels"], inputs["spec"]
    service = str(labels["app"])
    container = spec["template"]["spec"]["containers"][0]
    change = WorkloadChange(
        name=str(inputs["metadata"]["name"]),
        color=Color(labels["color"]),
        replicas=int(spec["replicas"]) if args.new_inputs else None,
        image=str(container["image"]),
    )
    return change, service
