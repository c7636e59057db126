"""A leader with all it works with, in memory; `ops.rollback` decides, and moves nothing real."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from agent.inbox import Entry, Inbox
from agent.leader import RUNNER, Leader, Parts
from agent.live import Live
from agent.telling import Teller
from ops import routing
from ops.agent import AgentSettings
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.history import History, Whole
from ops.hold import Hold
from ops.lease import Lease
from ops.notify import Event, Failure, Notifier
from ops.rollback.facts import ColorFacts, Evidence, Facts
from ops.rollback.journal import Operation, Outcome, Step
from ops.rollback.opening import opened
from ops.rollback.request import Decision, Request
from ops.rollback.run import Rollback
from ops.state import LiveTraffic, Replica, WorkloadState
from tests.unit.test_routing import SITE, split
from tests.unit.versioned import Versioned

BLUE, GREEN = Color.BLUE, Color.GREEN

SETTINGS = AgentSettings(
    stack="local",
    namespace="legal-ai",
    router="gateway-api",
    services={"backend": 8000},
    public_url="http://legal-ai.localhost:8080",
)


def workload(color: Color, ready: int = 1, version: str = "v1") -> WorkloadState:
    """One backend, as many replicas of which are ready."""
    image = f"localhost/backend:{version}"
    return WorkloadState(
        name=f"backend-{color}",
        image=image,
        desired=1,
        updated=1,
        available=ready,
        is_observed=True,
        replicas=(Replica(f"backend-{color}-x", image, bool(ready), "" if ready else "crashing"),),
    )


def facts(**given: Any) -> Facts:
    """Green v2 has had all traffic for a minute, blue v1 is proven and ready."""
    now = datetime.now(UTC)
    minute_ago = (now - timedelta(minutes=1)).isoformat()
    blue, green = workload(BLUE), workload(GREEN, version="v2")
    values: dict[str, Any] = {
        "live": LiveTraffic({BLUE: 0, GREEN: 100}, GREEN, 1),
        "hold": None,
        "history": History(
            whole={BLUE: Whole({"backend": blue.image}, {}, {"backend": 1}, minute_ago)},
            gained={GREEN: minute_ago},
            began={GREEN: minute_ago},
        ),
        "colors": {
            BLUE: ColorFacts("v1", {"backend": blue}),
            GREEN: ColorFacts("v2", {"backend": green}),
        },
        "since": now.isoformat(),
    }
    return Facts(**{**values, **given})


@dataclass
class FakeRollback:
    """What `ops.rollback.run.Rollback` offers. `outcome` is how each operation ends."""

    facts_now: Facts = field(default_factory=facts)
    outcome: Outcome = Outcome.ROLLED_BACK
    opened: Operation | None = None
    ended: list[Operation] = field(default_factory=list)
    abandoned: bool = False
    is_down: bool = False
    calls: list[str] = field(default_factory=list)
    watch: Callable[[Operation], None] = lambda _: None
    on_resume: Callable[[], None] = lambda: None

    def facts(self, failing: Collection[Color] = (), shared: Collection[str] = ()) -> Facts:
        if self.is_down:
            raise CouldNotFindOut("the API server is down")
        values = {name: getattr(self.facts_now, name) for name in self.facts_now.__dict__}
        told = {"failing": frozenset(failing), "shared": tuple(shared), "ended": tuple(self.ended)}
        return Facts(**{**values, **told})

    def open(self) -> Operation | None:
        return self.opened

    def done(self) -> tuple[Operation, ...]:
        return tuple(self.ended)

    def is_abandoned(self, operation: Operation) -> bool:
        return self.abandoned

    def observe(self, found: Facts) -> None:
        self.calls.append("observe")

    def begin(self, request: Request, decision: Decision, found: Facts) -> Operation:
        self.calls.append(f"begin {decision.kind} {decision.color}")
        self.opened = opened(request, decision, found, f"{RUNNER}me", None, _now())
        return self.opened

    def resume(self, operation: Operation) -> Operation:
        self.calls.append(f"resume {operation.color}")
        self.on_resume()
        if self.outcome is Outcome.ROLLED_BACK:
            self.watch(operation.updated(step=Step.SEE))
        ended = operation.updated(outcome=self.outcome, ended="now", notes=("blue is not ready",))
        self.opened = None
        self.ended.append(ended)
        return ended

    def lift(self, decision: Decision, found: Facts) -> None:
        self.calls.append("lift")


class FakeNotifier:
    """Remembers what was told."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.failures: list[Failure] = []

    def tell(self, event: Event) -> list[Failure]:
        self.told.append(event)
        return self.failures


class World:
    """One replica that has the lease, and what surrounds it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.cluster = Versioned()
        route = routing.public_route(SITE, split(GREEN))
        route["metadata"]["resourceVersion"] = "1"
        self.cluster.objects[("HTTPRoute", "legal-ai")] = route
        self.rollback = FakeRollback()
        self.notifier = FakeNotifier()
        self.inbox = Inbox(self.cluster)
        self.lease = Lease(self.cluster, "rollback-agent", "me", 1000, lambda: self.now)
        self.lease.tick()
        self.evidence = Evidence()
        self.accused: list[list[Color]] = []
        self.counted: list[tuple[str, str]] = []
        self.untold: list[Failure] = []
        self.leader = self.replica()

    def replica(self) -> Leader:
        """Another process with the same lease: what it remembers of before is what was written."""
        teller = Teller(SETTINGS, cast(Notifier, self.notifier), self.untold.append)
        self.rollback.watch = teller.step
        self.teller = teller
        parts = Parts(
            rollback=cast(Rollback, self.rollback),
            inbox=self.inbox,
            live=Live(self.cluster, "gateway-api"),
            lease=self.lease,
            teller=teller,
            evidence=self._evidence,
            count=lambda color, outcome: self.counted.append((str(color), str(outcome))),
        )
        return Leader(parts, window_minutes=120, clock=lambda: self.now)

    def hold(self, color: Color, operation: str = "") -> Hold:
        """A hold that stands, in the cluster and in the facts."""
        made = Hold(color, color.other, "errors", "2026-01-01T00:00:00+00:00", "x", "", operation)
        self.cluster.config_map("traffic-hold", made.to_data())
        return made

    @property
    def kinds(self) -> list[str]:
        """What people were told."""
        self.teller.wait()
        return [event.kind for event in self.notifier.told]

    def _evidence(self, entries: list[Entry]) -> Evidence:
        self.accused.append([entry.color for entry in entries])
        return self.evidence


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
