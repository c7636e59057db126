"""Pure: what stands against a shift of traffic, and whether there is anything to do at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ops import names
from ops.color import Color
from ops.config import all_to, configured, undeployed
from ops.shift.entry import DONE, Shift
from ops.state import LiveTraffic
from ops.verdict import Finding, Severity

if TYPE_CHECKING:
    from ops.hold import Hold


def without_version(target: Color, version: str) -> list[Finding]:
    """Nothing to send traffic to."""
    if version:
        return []
    return [
        Finding(
            Severity.REFUSED,
            f"legal-ai:{target}.version is not set, so {target} runs nothing",
            f"Deploy to it first: `pulumi config set --path legal-ai:{target}.version VERSION` and "
            "`pulumi up`",
        )
    ]


def not_in_standby(is_canary: bool, target: Color, live: LiveTraffic) -> list[Finding]:
    """A canary of the color that is active already: it would begin by taking traffic from it."""
    if not is_canary or live.active == target.other:
        return []
    return [
        Finding(
            Severity.REFUSED,
            "a canary is of the color in standby, and the active one is "
            f"{live.active or 'unknown'}",
            f"Give {target} everything by `scripts/switch_deployment_color.py {target}`",
        )
    ]


def waiting(config: Mapping[str, Any], deployed: Mapping[Color, str]) -> list[Finding]:
    """Versions that the `up` of a shift would deploy along."""
    return [
        Finding(
            Severity.REFUSED,
            f"legal-ai:{each.color}.version is {each.version or 'unset'}, deployed is "
            f"{each.deployed or 'none'}, and the `pulumi up` of this command would deploy it along",
            "Deploy it first with `pulumi up`, or take it back. If traffic has to go back now: "
            "scripts/emergency_rollback.py",
        )
        for each in undeployed(config, deployed)
    ]


def held(target: Color, hold: Hold | None) -> list[Finding]:
    """A rollback took traffic from the target, and nobody has lifted its hold."""
    if hold is None or hold.color != target:
        return []
    mend = (
        f"Mend {target}, then lift the hold with `{names.ACKNOWLEDGE}` and run this command again"
    )
    return [Finding(Severity.REFUSED, str(hold), mend)]


def serves(config: Mapping[str, Any], live: LiveTraffic, target: Color) -> str:
    """Whether the target has all traffic already, live and by the configuration."""
    is_whole = live.active == target and live.has_traffic(target)
    if is_whole and not live.has_traffic(target.other) and configured(config) == all_to(target):
        return f"{target} serves everybody, and is to"
    return ""


def was_done(history: Sequence[Shift], live: LiveTraffic, standby: str) -> str:
    """Whether the last shift brought about what is, and nothing was deployed since.

    A canary that was killed right at its end is run again, and must not go the other way then.
    """
    last = history[-1] if history else None
    if last is None or last.outcome != DONE or last.target != live.active:
        return ""
    if last.origin_version != standby:
        return ""
    return (
        f"{last}, and {last.origin} still runs {standby} as before. To go back to it: "
        f"scripts/switch_deployment_color.py {last.origin}; for a canary of it nevertheless: "
        f"scripts/canary.py {last.origin}"
    )
