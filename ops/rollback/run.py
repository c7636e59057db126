"""A rollback from its beginning to its end, by whoever runs it: the agent, or a person's script."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops import failpoint, history, hold_guard, names
from ops.color import Color
from ops.rollback import facts, holding, steps
from ops.rollback.attempt import Attempt
from ops.rollback.facts import Evidence, Facts
from ops.rollback.journal import Journal, Operation, Step, TakenOver
from ops.rollback.opening import opened
from ops.rollback.request import Decision, Request

if TYPE_CHECKING:
    from ops.cluster import Cluster

ABANDONED_SECONDS: Final = 10.0
"""How long a journal may be silent before another one goes on with it."""


@dataclass
class Rollback:
    """Rolls back in one cluster.

    `services` are the web services, `deadline_seconds` is the time that the other color has to get
    ready, `runner` names this process, and no other, in the journal. `public_url` gives what is
    asked whether traffic follows, once it has moved (empty: nobody is). `watch` gets the operation
    as each step begins.
    """

    cluster: Cluster
    router: str
    services: Collection[str]
    say: Callable[[str], None]
    deadline_seconds: float
    runner: str
    public_url: Callable[[], str] = field(default=lambda: "", repr=False)
    watch: Callable[[Operation], None] = field(default=lambda _: None, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _looked: tuple[Operation | None, float] = field(init=False, default=(None, 0.0), repr=False)

    def facts(self, failing: Collection[Color] = (), shared: Collection[str] = ()) -> Facts:
        """Everything that a decision needs, as it is now. Raises CouldNotFindOut.

        `failing` and `shared`: what alerts say besides, see `Evidence`.
        """
        evidence = Evidence(failing, shared)
        now = self.cluster.server_now().isoformat(timespec="seconds")
        return facts.read(self.cluster, self.router, self.services, now, evidence, self.done())

    def open(self) -> Operation | None:
        """The rollback that is open, whoever began it. Raises CouldNotFindOut."""
        return Journal(self.cluster).read()

    def done(self) -> tuple[Operation, ...]:
        """The last ones that have ended, the newest last. Raises CouldNotFindOut."""
        return tuple(Journal(self.cluster).history())

    def is_abandoned(self, operation: Operation) -> bool:
        """Whether nobody has written the journal of an open one for a while, by this clock.

        To be called again and again; the first answer is no.
        """
        found = self.open()
        if found is None or found.id != operation.id:
            return False
        seen, since = self._looked
        if found != seen:
            self._looked = (found, self.clock())
            return False
        return self.clock() - since > ABANDONED_SECONDS

    def observe(self, found: Facts) -> None:
        """Write down what is live, where that is new: who gained traffic, who has all of it.

        A hold that somebody wrote or lifted by hand is noted on the route, too.
        """
        workloads = {color: each.workloads for color, each in found.colors.items()}
        held = found.hold.color if found.hold else None
        history.change(
            self.cluster, lambda before: before.seen(found.live, workloads, found.since, held)
        )
        hold_guard.follow(self.cluster, self.router)

    def begin(self, request: Request, decision: Decision, found: Facts) -> Operation:
        """Open the journal of what was decided; nothing else is changed yet.

        Raises TakenOver if a rollback is open already.
        """
        hold = self.cluster.get("ConfigMap", names.HOLD)
        stands = None if hold is None else hold.get("data") or {}
        journal = Journal(self.cluster)
        operation = opened(request, decision, found, self.runner, stands, journal.moment())
        journal.begin(operation)
        failpoint.reach(f"rollback.{Step.HOLD}_begun")
        self.watch(operation)
        return operation

    def resume(self, operation: Operation) -> Operation:
        """Go on with an open one to its end, and return it as it ended.

        Raises TakenOver if somebody else goes on with it, CouldNotFindOut if the cluster does not
        answer; then it stays open.
        """
        run, tools = self._taken_up(operation)
        return run.to_the_end(tools)

    def give_up(self, operation: Operation, reason: str) -> Operation:
        """End an open one where traffic is: its hold goes. Where it has moved, as `resume`."""
        run, tools = self._taken_up(operation)
        return run.give_up(tools, reason)

    def _taken_up(self, operation: Operation) -> tuple[Attempt, steps.Tools]:
        # A journal of its own: what others read with this object must not renew its version.
        journal = Journal(self.cluster)
        found = journal.read()
        if found is None or found.id != operation.id:
            raise TakenOver(f"somebody else has ended rollback {operation.id}")
        run = Attempt(journal, found, self.watch, self.clock)
        tools = steps.Tools(
            cluster=self.cluster,
            router=self.router,
            services=self.services,
            say=self.say,
            deadline_seconds=self.deadline_seconds,
            fence=run.fence,
            beat=run.beat,
            public_url=self.public_url,
            sleep=self.sleep,
            clock=self.clock,
        )
        if found.runner != self.runner:
            run.take_over(self.runner, tools)
        return run, tools

    def lift(self, decision: Decision, found: Facts) -> None:
        """Take away the hold that a rollback left which moved nothing (`Kind.LIFT`)."""
        stands = found.hold.operation if found.hold else ""
        for operation in found.ended:
            if operation.id == stands:
                self.say(decision.reason)
                holding.take_back(self.cluster, operation.id, operation.found_hold)
