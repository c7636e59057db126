"""The steps of a rollback. Each can be killed anywhere, and done again from its beginning."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops import history, hold_guard, isolation, live, routing_moves, share
from ops.background_moves import MARGIN_SECONDS, await_stopped
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.history import Workloads
from ops.live import LiveRoute
from ops.rollback import facts, holding, workers
from ops.rollback.journal import Operation, Step
from ops.rollback.readiness import short_of, unready
from ops.routing_moves import Write

if TYPE_CHECKING:
    from ops.cluster import Cluster

POLL_SECONDS: Final = 0.2
SEE_SECONDS: Final = 30.0
"""How long the gateway may take to follow the route; it takes about 0.1 s."""
LOOKED_AT: Final = ("/", "/api/health/database")
"""What the public is seen to get: a page, and an answer that takes more than a pod that is up."""
TRIES: Final = 20
"""How often the route is written anew when others write it at the same time."""


class NotInTime(Exception):
    """The target did not get ready: the reason, for people."""


@dataclass
class Tools:
    """What the steps work with.

    `fence` writes the journal, and so raises if another run has it; `beat` does as much now and
    then while something is waited for, as a sign of life. `public_url` gives what is asked whether
    traffic follows, and is called once it has moved; empty: only the route's own status is.
    """

    cluster: Cluster
    router: str
    services: Collection[str]
    say: Callable[[str], None]
    deadline_seconds: float
    fence: Callable[[], None]
    beat: Callable[[], None]
    public_url: Callable[[], str] = field(default=lambda: "", repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)


Act = Callable[[Tools, Operation], tuple[str, ...]]
"""Does its step; what went otherwise than it should comes back as sentences."""

FINE: Final[tuple[str, ...]] = ()


def _hold(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """Announce it: from here on no `up` gives the color weight."""
    holding.announce(tools.cluster, operation)
    # From here on the API server refuses it as well, also an `up` that is past its gate.
    hold_guard.follow(tools.cluster, tools.router)
    return FINE


def _scale(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """See to it that the target has as many replicas as served all traffic."""
    _scale_up(tools, operation, _deployed(tools, operation))
    return FINE


def _wait(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """Wait until all of the target is ready, as what was proven."""
    deadline, told = tools.clock() + tools.deadline_seconds, ""
    while problem := unready(operation, states := _deployed(tools, operation)):
        if tools.clock() > deadline:
            raise NotInTime(
                f"{operation.target} did not get ready within {tools.deadline_seconds:g} s: "
                f"{problem}"
            )
        if problem != told:
            tools.say(f"waiting for {operation.target}: {problem}")
            told = problem
        tools.beat()
        tools.sleep(POLL_SECONDS)
        # Somebody's `up` may have taken them away again before it knew of the hold.
        _scale_up(tools, operation, states)
    return FINE


def _move(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """Give the target everything, in one write that is bound to the route as it was read.

    After it was read the target was ready and the journal ours. Whoever takes the journal over
    writes the route next (`disarm`), so what was prepared before is refused.
    """
    version = facts.version(operation.images.values())
    for _ in range(TRIES):
        tools.fence()
        route = _route(tools)
        if _is_moved(route, operation):
            return FINE
        _hold(tools, operation)
        _wait(tools, operation)
        tools.fence()
        if _is_written(tools, routing_moves.all_to(route, operation.target, version)):
            tools.say(f"{operation.target} has all traffic")
            return FINE
    raise _busy()


def _see(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """Look whether the gateway took the route up, and whether it stayed as it was written.

    What can't be seen is a note: traffic was moved, and a human looks.
    """
    deadline = tools.clock() + SEE_SECONDS
    while True:
        route = _route(tools)
        if _is_moved(route, operation):
            problem = _unseen(tools, operation, route)
        else:
            problem = "somebody else goes on writing it"
            _move(tools, operation)
        if not problem:
            return FINE
        if tools.clock() > deadline:
            return (
                f"the route was written, but {problem} after {SEE_SECONDS:g} s: look at "
                f"{operation.target} with `scripts/diagnose.py --color {operation.target}`",
            )
        tools.beat()
        tools.sleep(POLL_SECONDS)


def _workers(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """Workers and cron jobs follow the traffic; better none than two colors with them."""
    workers.stop(tools.cluster, operation.color)
    try:
        await_stopped(tools.cluster, operation.color, MARGIN_SECONDS, tools.beat)
    except Refused as error:
        return (str(error),)
    tools.fence()
    workers.start(tools.cluster, operation.target)
    return FINE


def _end(tools: Tools, operation: Operation) -> tuple[str, ...]:
    """Remember: what was rolled back is proven no more."""
    traffic = _route(tools).traffic
    workloads = facts.deployed(tools.cluster, tools.services)
    at = operation.times.get(Step.MOVE, operation.began)
    history.change(
        tools.cluster,
        lambda found: found.without_proof(operation.color).seen(
            traffic, workloads, at, operation.color
        ),
    )
    return FINE


ACTS: Final[Mapping[Step, Act]] = {
    Step.HOLD: _hold,
    Step.SCALE: _scale,
    Step.WAIT: _wait,
    Step.MOVE: _move,
    Step.SEE: _see,
    Step.WORKERS: _workers,
    Step.END: _end,
}


def disarm(tools: Tools, operation: Operation) -> None:
    """Make void what another run has prepared to write: the route gets a newer version.

    With the runner's name in it, as a write that changes nothing would leave the version.
    """
    mark = f"{operation.id} {operation.runner}"
    for _ in range(TRIES):
        if _is_written(tools, routing_moves.touched(_route(tools), mark)):
            return
    raise _busy()


def stay(tools: Tools, operation: Operation) -> None:
    """Leave traffic where it is: the hold goes."""
    tools.fence()
    holding.take_back(tools.cluster, operation.id, operation.found_hold)
    hold_guard.follow(tools.cluster, tools.router)


def is_moved(tools: Tools, operation: Operation) -> bool:
    """Whether the route gives the target everything."""
    return _is_moved(_route(tools), operation)


def _deployed(tools: Tools, operation: Operation) -> Workloads:
    return facts.deployed(tools.cluster, tools.services)[operation.target]


def _scale_up(tools: Tools, operation: Operation, states: Workloads) -> None:
    for service, state in short_of(operation, states).items():
        wanted = operation.replicas[service]
        tools.say(f"{state.name}: {state.desired} -> {wanted} replicas")
        tools.cluster.scale(state.name, wanted)


def _is_written(tools: Tools, writes: Iterable[Write]) -> bool:
    """Write them in their order; false where somebody changed one since it was read."""
    from ops.cluster import Conflict  # noqa: PLC0415 that import takes a while

    try:
        for write in writes:
            tools.cluster.patch(write.kind, write.name, write.patch)
    except Conflict:
        return False
    return True


def _is_moved(route: LiveRoute, operation: Operation) -> bool:
    traffic = route.traffic
    return traffic.receiving == {operation.target: 100} and traffic.active is operation.target


def _route(tools: Tools) -> LiveRoute:
    return live.require(tools.cluster, tools.router)


def _unseen(tools: Tools, operation: Operation, route: LiveRoute) -> str:
    """What keeps the public from following the route; nothing where nobody is to get in."""
    if isolation.is_detached(route.main):
        return ""
    return _unaccepted(route) or _unanswered(tools, operation)


def _unaccepted(route: LiveRoute) -> str:
    """Whether the gateway says that it took up the route's newest form; Ingresses say nothing."""
    if route.main["kind"] == "Ingress":
        return ""
    newest = int(route.main["metadata"].get("generation") or 0)
    accepted = [
        condition
        for parent in (route.main.get("status") or {}).get("parents") or []
        for condition in parent.get("conditions") or []
        if condition["type"] == "Accepted"
        and int(condition.get("observedGeneration") or 0) >= newest
    ]
    if not accepted:
        return "the gateway has not said that it took it up"
    refused = [each.get("message", "") for each in accepted if each["status"] != "True"]
    return f"the gateway does not take it: {'; '.join(refused)}" if refused else ""


def _unanswered(tools: Tools, operation: Operation) -> str:
    public_url = tools.public_url()
    if not public_url:
        return ""
    weights: Mapping[Color, int] = {operation.target: 100}
    answers = share.ask(public_url, LOOKED_AT, share.count_for(weights), tools.beat)
    return share.judge(answers, weights)


def _busy() -> CouldNotFindOut:
    return CouldNotFindOut(
        f"the public route was written by others {TRIES} times in a row: run this again"
    )
