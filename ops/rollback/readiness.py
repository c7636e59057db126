"""Pure: whether the target of a rollback is all there, and still what was proven."""

from __future__ import annotations

from ops import names, verdict
from ops.history import Workloads
from ops.rollback.journal import Operation
from ops.state import WorkloadState


class NeverReady(Exception):
    """The target became something else than was proven: the reason, for people."""


def unready(operation: Operation, states: Workloads) -> str:
    """What keeps the target from traffic for now, empty: nothing. Raises NeverReady."""
    _require_proven(operation, states)
    color = operation.target
    wanted = verdict.ColorState(
        wanted={names.workload(s, color): image for s, image in operation.images.items()},
        workloads={names.workload(s, color): state for s, state in states.items()},
    )
    few = [
        f"{state.name} has {state.desired} of {operation.replicas[service]} replicas"
        for service, state in short_of(operation, states).items()
    ]
    return "; ".join([*few, *(f.reason for f in verdict.judge_color(color, wanted))])


def short_of(operation: Operation, states: Workloads) -> dict[str, WorkloadState]:
    """The target's Deployments that ask for fewer replicas than they must have, by service."""
    return {
        service: state
        for service, state in states.items()
        if state is not None and state.desired < operation.replicas.get(service, 1)
    }


def _require_proven(operation: Operation, states: Workloads) -> None:
    for service, image in operation.images.items():
        state = states.get(service)
        name = names.workload(service, operation.target)
        if state is None:
            raise NeverReady(f"{name} is gone")
        if state.image != image:
            raise NeverReady(f"{name} was changed to {state.image} meanwhile, proven is {image}")
        _require_digest(state, operation.digests.get(service, ""))


def _require_digest(state: WorkloadState, proven: str) -> None:
    known = proven.split(",") if proven else []
    for replica in state.replicas:
        is_known = replica.image == state.image and replica.digest
        if known and is_known and replica.digest not in known:
            raise NeverReady(
                f"{replica.name} runs {state.image} as {replica.digest}, proven is {proven}: "
                "the tag was given to another image"
            )
