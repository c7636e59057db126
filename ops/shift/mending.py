"""What to type where configuration, state and live traffic came apart, by what stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import names
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.shift.tools import Traffic


def mend(traffic: Traffic, weight: int | None = None) -> str:
    """What makes the configuration, in its current file, say what is live.

    `weight`: the percentage that the color in standby is to have; None: what it has. Acknowledging
    does nothing where no hold stands.
    """
    try:
        hold, live = traffic.hold(), traffic.live()
    except CouldNotFindOut:
        return "look where traffic is and whether a color is held (`scripts/status.py`)"
    if hold is not None:
        return f"with the current stack file, `{names.ACKNOWLEDGE}`: it lifts the hold as well"
    if live is None or live.active is None:
        return "`pulumi up --refresh`, which writes the route whole again"
    share = live.weights.get(live.active.other, 0) if weight is None else weight
    return (
        f"with the current stack file, `pulumi config set-all --plaintext legal-ai:activeColor="
        f"{live.active} --plaintext legal-ai:canaryWeight={share}`, then `pulumi up --refresh`"
    )
