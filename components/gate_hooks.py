"""The gate as Pulumi resource hooks, so that a bare `pulumi up` has it.

Made once for the whole program and whatever colors are declared: the engine must find a hook by
its name also when it deletes a resource that the program no longer has.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi

from ops import background_moves, routing
from ops.background_moves import Move
from ops.color import Color
from ops.errors import GATE_UNKNOWN, CouldNotFindOut, OpsError
from ops.gate import Gate
from ops.names import ACTIVE_COLOR, CANARY_WEIGHT, SERIAL
from ops.verdict import Finding, RouteChange, Unjudged, WorkloadChange

Inputs = Mapping[str, Any]

# Not the loop's own threads: every resource on its way keeps one of those, and while all wait for
# their hooks none is left for a hook.
_THREADS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="gate")


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
        background = _hook("before-background", self._before_background, on_preview=True)
        self.route = pulumi.ResourceHookBinding(
            before_create=[before_route],
            before_update=[before_route],
            after_create=[after_route],
            after_update=[after_route],
        )
        migration = _hook("after-migration", self._after_migration, on_preview=False)
        self.migration = pulumi.ResourceHookBinding(
            after_create=[migration], after_update=[migration]
        )
        self.canary = pulumi.ResourceHookBinding(
            before_create=[before_route], before_update=[before_route]
        )
        self.workload = pulumi.ResourceHookBinding(
            before_create=[workload], before_update=[workload], before_delete=[workload]
        )
        self.background = pulumi.ResourceHookBinding(
            before_create=[background], before_update=[background], before_delete=[background]
        )

    async def settled(self) -> bool:
        """True once nothing is left unverified; raises while a check of an earlier run fails."""
        if not pulumi.runtime.is_dry_run():
            try:
                await _beside(self._gate.settle)
            except OpsError as error:
                raise pulumi.RunError(_told(error)) from error
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
            findings = self._gate.judge_change(change, service)
            _warn(findings, f"the gate would refuse this change of {change.name}")
            return
        self._gate.before_workload(change, service)

    def _after_migration(self, args: pulumi.ResourceHookArgs) -> None:
        self._gate.after_migration(str((args.new_inputs or {})["metadata"]["name"]))

    def _before_background(self, args: pulumi.ResourceHookArgs) -> None:
        move = _move(args)
        if pulumi.runtime.is_dry_run():
            # Of the route it could only say that it has not moved yet.
            findings = background_moves.judge_hold(move, background_moves.read(self._gate, move))
            _warn(findings, f"{move.name} would not be moved, as things stand now")
            return
        background_moves.let_go(self._gate, move)


async def _beside(call: Callable[[], None]) -> None:
    await asyncio.get_running_loop().run_in_executor(_THREADS, call)


def _connect(gate: Gate) -> None:
    # Whoever asks the gate gets the error, if there is one.
    with contextlib.suppress(OpsError):
        _ = gate.cluster


def _hook(
    name: str, check: Callable[[pulumi.ResourceHookArgs], None], *, on_preview: bool
) -> pulumi.ResourceHook:
    options = pulumi.ResourceHookOptions(on_dry_run=on_preview)
    return pulumi.ResourceHook(f"gate-{name}", run_beside(name, check), options)


def run_beside(
    name: str, check: Callable[[pulumi.ResourceHookArgs], None]
) -> Callable[[pulumi.ResourceHookArgs], Coroutine[Any, Any, None]]:
    """The hook that runs `check` in a thread of ours, and in a preview only warns."""

    async def run(args: pulumi.ResourceHookArgs) -> None:
        begin = time.monotonic()
        try:
            await _beside(lambda: check(args))
            tell = pulumi.log.info if "route" in name else pulumi.log.debug
            tell(f"gate: {name} took {time.monotonic() - begin:.2f} s")
        except OpsError as error:
            if not pulumi.runtime.is_dry_run():
                raise pulumi.RunError(_told(error)) from error
            pulumi.log.warn(f"{GATE_UNKNOWN}: {error}")

    return run


def _told(error: OpsError) -> str:
    """The error for Pulumi's output, where a refusal and no answer must be told apart.

    What the gate can't judge by what it found is a refusal to whoever runs the `up`: it stays so
    until somebody mends it.
    """
    is_unanswered = isinstance(error, CouldNotFindOut) and not isinstance(error, Unjudged)
    return f"{GATE_UNKNOWN}: {error}" if is_unanswered else str(error)


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


def _move(args: pulumi.ResourceHookArgs) -> Move:
    inputs = args.new_inputs or args.old_inputs or {}
    labels, spec = inputs["metadata"]["labels"], inputs["spec"]
    asks = not spec["suspend"] if inputs["kind"] == "CronJob" else spec["replicas"] > 0
    return Move(
        kind=str(inputs["kind"]),
        service=str(labels["app"]),
        color=Color(labels["color"]),
        runs=bool(args.new_inputs) and asks,
    )
