"""When workers and cron jobs may move to another color: after the traffic, never in both at once.

Pulumi's hook asks here before each change of one; the color that loses them is changed first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import names
from ops.background import listed, running, runs
from ops.color import Color
from ops.errors import Refused
from ops.hold import Hold
from ops.state import LiveTraffic
from ops.verdict import Finding, Severity, enforce

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster
    from ops.gate import Gate

MARGIN_SECONDS: Final = 30.0
"""Beyond the grace period of the pods that end: what node and API server need."""
POLL_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Move:
    """What a change would make of one background service in one color. Deleted: `runs` is False."""

    kind: str
    service: str
    color: Color
    runs: bool

    @property
    def name(self) -> str:
        """The object's name."""
        return names.workload(self.service, self.color)


@dataclass(frozen=True)
class Facts:
    """What a move is judged by. `active` is the configuration's, `live` the public route."""

    active: Color
    live: LiveTraffic | None
    hold: Hold | None
    is_verified: bool
    runs_now: bool


def judge(move: Move, facts: Facts) -> list[Finding]:
    """What speaks against the move as things stand.

    A color starts them only when the live route has it as the active one, and traffic was seen
    there. One that the configuration takes them from keeps them just as long.
    """
    if not move.runs and (not facts.runs_now or facts.active == move.color):
        return []
    return judge_hold(move, facts) or _judge_route(move, facts)


def judge_hold(move: Move, facts: Facts) -> list[Finding]:
    """Whether the move undoes what a rollback did. Holds before the route has moved, too."""
    hold = facts.hold
    if hold is None:
        return []
    starts_held = move.runs and hold.color == move.color
    stops_target = (
        not move.runs
        and facts.runs_now
        and hold.target == move.color
        and facts.active != move.color
    )
    if not (starts_held or stops_target):
        return []
    act = "run" if move.runs else "stop"
    mend = (
        f"Acknowledge the rollback by `{names.ACKNOWLEDGE}`: it sets legal-ai:activeColor="
        f"{hold.target} and legal-ai:canaryWeight=0, which is live"
    )
    return [Finding(Severity.REFUSED, f"{move.name} can't {act}: {hold}", mend)]


def let_go(gate: Gate, move: Move) -> None:
    """Let the move go, or raise with every reason against it.

    Before a start it waits until the other color has ended what it ran, and raises when that takes
    longer than it may; the schedule of a cron job is handed over.
    """
    title = f"{move.name} stays as it is"
    enforce(judge(move, read(gate, move)), title)
    if not move.runs:
        return
    await_stopped(gate.cluster, move.color.other)
    if move.kind == "CronJob":
        hand_over(gate.cluster, move.service, move.color)
    # The wait may have been long: a rollback that came in meanwhile wins.
    enforce(judge(move, read(gate, move)), title)


def read(gate: Gate, move: Move) -> Facts:
    """The facts as they stand now. Raises CouldNotFindOut."""
    there = gate.cluster.get(move.kind, move.name)
    return Facts(
        active=gate.plan.split.active,
        live=gate.live(),
        hold=gate.hold(),
        is_verified=gate.cluster.get("ConfigMap", names.UNVERIFIED) is None,
        runs_now=there is not None and runs(there),
    )


def await_stopped(
    cluster: Cluster,
    color: Color,
    margin_seconds: float = MARGIN_SECONDS,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Wait until nothing of a color runs background services any more; `beat` is called meanwhile.

    A Deployment at zero is not enough: Kubernetes no longer counts pods that are ending. Raises
    Refused when what is left does not end within its grace period and the margin.
    """
    began, grace = time.monotonic(), 0
    while left := running(cluster)[color]:
        grace = max(grace, *(runner.grace_seconds for runner in left))
        waited = time.monotonic() - began
        if any(runner.starts for runner in left) or waited > grace + margin_seconds:
            commands = ", ".join(f"`{runner.stop}`" for runner in left)
            raise Refused(
                f"background services are not started in {color.other} while {color} still runs "
                f"{listed(left)} (waited {waited:.0f} s): two colors never run them at once. "
                f"Let it end, or end it ({commands}); then run `pulumi up` again"
            )
        beat()
        time.sleep(POLL_SECONDS)


def hand_over(cluster: Cluster, service: str, color: Color) -> None:
    """Let the color's CronJob go on where the other's left off.

    Kubernetes catches up on what a CronJob missed while it was suspended; what the other color
    ran in that time must not run again.
    """
    theirs = _last_run(cluster.get("CronJob", names.workload(service, color.other)))
    mine = cluster.get("CronJob", names.workload(service, color))
    # RFC 3339 in UTC, to the second: in the order of text.
    if mine is not None and theirs > _last_run(mine):
        name = names.workload(service, color)
        cluster.patch_status("CronJob", name, {"lastScheduleTime": theirs})


def _judge_route(move: Move, facts: Facts) -> list[Finding]:
    act = "run" if move.runs else "stop"
    active = facts.live.active if facts.live else None
    if active is None:
        return [
            Finding(
                Severity.UNKNOWN,
                f"{move.name} can't {act}: there is no public route that says which color is "
                "active",
                "Run `pulumi up` without --target: it writes the route first",
            )
        ]
    if (active == move.color) is not move.runs:
        return [
            Finding(
                Severity.REFUSED,
                f"{move.name} can't {act}: {active} is the active color of the live route",
                "Run `pulumi up` without --target: it moves the traffic first",
            )
        ]
    if not facts.is_verified:
        return [
            Finding(
                Severity.REFUSED,
                f"{move.name} can't {act}: traffic was not yet seen where the route sends it",
                "Run `pulumi up` again: it looks there first",
            )
        ]
    return []


def _last_run(body: Body | None) -> str:
    return str(((body or {}).get("status") or {}).get("lastScheduleTime") or "")
