"""Pure: what a rollback sets out with, from what was decided and found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from ops.color import Color
from ops.rollback.facts import Facts
from ops.rollback.journal import Operation, Step
from ops.rollback.request import Decision, Request


def opened(
    request: Request,
    decision: Decision,
    found: Facts,
    runner: str,
    found_hold: Mapping[str, str] | None,
    now: str,
) -> Operation:
    """The operation as it is begun; `found_hold` is the data of the hold that stands.

    `now` is RFC 3339, to the millisecond.
    """
    color, target = decision.color, decision.target
    if not decision.moves or color is None or target is None:
        raise ValueError(f"nothing is to be moved: {decision}")
    there = {name: state for name, state in found.colors[target].workloads.items() if state}
    images = {service: state.image for service, state in there.items()}
    proven = found.history.whole.get(target)
    return Operation(
        id=uuid.uuid4().hex[:12],
        kind=decision.kind,
        color=color,
        target=target,
        reason=request.reason,
        by=request.by,
        alert=request.alert,
        fingerprint=request.fingerprint,
        starts_at=request.starts_at,
        began=now,
        runner=runner,
        weights=dict(found.live.weights),
        replicas={
            service: max(1, state.desired, _served_with(service, found, color))
            for service, state in there.items()
        },
        images=images,
        digests=dict(proven.digests) if proven and dict(proven.images) == images else {},
        found_hold=None if found_hold is None else dict(found_hold),
        times={Step.HOLD: now},
    )


def _served_with(service: str, found: Facts, color: Color) -> int:
    """How many replicas the other color served all traffic with.

    Where that is not known, as many as the failing color has.
    """
    proven = found.history.whole.get(color.other)
    if proven is not None and service in proven.replicas:
        return proven.replicas[service]
    serving = found.colors[color].workloads.get(service)
    return serving.desired if serving else 1
