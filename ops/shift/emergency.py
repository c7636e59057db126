"""The way back past Pulumi: the rollback that the agent and `emergency_rollback.py` do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ops import live, routing_moves
from ops.errors import CouldNotFindOut, Refused
from ops.rollback.decide import decide
from ops.rollback.journal import Outcome, TakenOver
from ops.rollback.request import Limits, Request
from ops.rollback.run import Rollback

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.rollback.journal import Operation
    from ops.shift.entry import Shift
    from ops.shift.tools import Say

READY_SECONDS: Final = 300.0
"""How long the color that traffic goes back to may take to become ready."""


def way_back(
    cluster: Cluster, router: str, public_url: str, runner: str, say: Say
) -> Callable[[Shift, str], None]:
    """What takes all traffic from a shift's target and leaves a hold on it.

    It raises Refused where a rollback would be wrong or did not work, CouldNotFindOut where the
    cluster does not answer.
    """

    def go(shift: Shift, reason: str) -> None:
        route = live.route(cluster, router)
        if route is None:
            raise CouldNotFindOut("there is no public route to take traffic from")
        rollback = Rollback(
            cluster,
            router,
            routing_moves.services(route),
            say,
            READY_SECONDS,
            runner=runner,
            public_url=lambda: public_url,
        )
        try:
            operation = rollback.open() or _begun(rollback, Request(shift.target, reason, shift.by))
            done = rollback.resume(operation)
        except TakenOver as error:
            raise Refused(f"another rollback is at work: {error}") from error
        if done.outcome is not Outcome.ROLLED_BACK:
            raise Refused(f"{done}: {'; '.join(done.notes)}")

    return go


def _begun(rollback: Rollback, request: Request) -> Operation:
    facts = rollback.facts()
    decision = decide(request, facts, datetime.now(UTC), Limits())
    if not decision.moves:
        raise Refused(decision.reason)
    return rollback.begin(request, decision, facts)
