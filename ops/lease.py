"""One of several runs acts: a Lease of Kubernetes that one holds and renews, and others watch.

Time is each observer's own monotonic clock; clocks of two machines are never compared. A lease
does not stop a machine that slept: what it does afterwards must be refused by what it writes to.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ops.cluster import Conflict
from ops.errors import CouldNotFindOut, Refused
from ops.journal import TakenOver

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

RENEWALS: Final = 4
"""How often a lease is renewed, or looked at, within its time."""
TRUSTED_PART: Final = 2 / 3
"""Of the lease's time its holder relies on: it lets go well before anybody else may take it."""


class Lost(TakenOver):
    """The lease ran out: another run may be at it by now, and this one can't tell."""

    exit_code = CouldNotFindOut.exit_code


@dataclass(frozen=True)
class Holder:
    """Who has a lease, and since when (RFC 3339, by the holder's clock)."""

    identity: str
    since: str
    renewed: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.identity} since {self.since or 'an unknown time'}"


class Lease:
    """The Lease `name` of the cluster's namespace. `identity` is one process', never used again.

    `seconds` is how long a holder that fell silent is waited for.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        identity: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._clock = cluster, clock
        self.name, self.identity, self.seconds = name, identity, seconds
        self._held_until = -math.inf
        self._seen: Holder | None = None
        self._seen_at = clock()

    @property
    def pause_seconds(self) -> float:
        """How long to wait between two ticks."""
        return self.seconds / RENEWALS

    @property
    def is_held(self) -> bool:
        """Whether this process has it, by its own clock and without asking anybody."""
        return self._clock() < self._held_until

    def holder(self) -> Holder | None:
        """Who has it now, None where nobody does. Raises CouldNotFindOut."""
        found = self._cluster.get("Lease", self.name)
        return None if found is None else _holder(found)

    def tick(self) -> bool:
        """Renew it, or take it if nobody has it or its holder fell silent; says whether it is held.

        Raises CouldNotFindOut; what was held then still runs out by the clock.
        """
        asked = self._clock()
        found = self._cluster.get("Lease", self.name)
        if found is not None and not self._is_free(_holder(found)):
            self._held_until = -math.inf
            return False
        return self._is_renewed(found, asked)

    def renew(self) -> bool:
        """Renew it while it names us; says whether it is held. Raises as `tick`.

        Where it does not, it is not taken again, though it be free: somebody had it in between.
        """
        asked = self._clock()
        found = self._cluster.get("Lease", self.name)
        holder = None if found is None else _holder(found)
        if holder is None or holder.identity != self.identity:
            self._held_until = -math.inf
            return False
        return self._is_renewed(found, asked)

    def take(self) -> None:
        """Take it. Raises Refused if its holder is alive, and CouldNotFindOut.

        Waits at most the lease's time: so long may a holder that died have left it behind.
        """
        first: Holder | None = None
        while not self.tick():
            seen = self._seen
            if first is not None and seen is not None and seen != first:
                raise Refused(
                    f"{self.name} is held by {seen}, which is alive: this run does nothing. Wait "
                    "for its end; `scripts/status.py` shows what goes on"
                )
            first = seen
            time.sleep(self.pause_seconds)

    def keep(
        self, stop: threading.Event, say: Callable[[str], None], *, retake: bool = True
    ) -> None:
        """Renew it until `stop`, then give it back. `retake`: take it whenever it is free."""
        while not stop.is_set():
            try:
                self.tick() if retake else self.renew()
            except CouldNotFindOut as error:
                say(f"the lease {self.name} can't be looked at: {error}")
            stop.wait(self.pause_seconds)
        try:
            self.release()
        except CouldNotFindOut as error:
            say(f"the lease {self.name} can't be given back and has to run out: {error}")

    def release(self) -> None:
        """Give it back if it is still ours, so that nobody need wait for it to run out."""
        self._held_until = -math.inf
        found = self._cluster.get("Lease", self.name)
        holder = None if found is None else _holder(found)
        if found is None or holder is None or holder.identity != self.identity:
            return
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        try:
            self._cluster.patch(
                "Lease", self.name, {"metadata": version, "spec": {"holderIdentity": ""}}
            )
        except Conflict:
            return

    def _is_free(self, holder: Holder | None) -> bool:
        """Whether it is nobody's or ours, or was not renewed for all its time as we looked on."""
        if holder != self._seen:
            self._seen, self._seen_at = holder, self._clock()
        if holder is None or holder.identity == self.identity:
            return True
        return self._clock() - self._seen_at > max(self.seconds, holder.seconds)

    def _is_renewed(self, found: Body | None, asked: float) -> bool:
        try:
            self._write(found)
        except Conflict:
            # Somebody was faster, or our own write came through and its answer was lost: the next
            # look sees which.
            return self.is_held
        self._held_until = asked + TRUSTED_PART * self.seconds
        return True

    def _write(self, found: Body | None) -> None:
        before = (found or {}).get("spec") or {}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, math.ceil(self.seconds)),
            "renewTime": now,
        }
        if before.get("holderIdentity") != self.identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = int(before.get("leaseTransitions") or 0) + bool(before)
        if found is None:
            self._cluster.create(
                {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": self.name},
                    "spec": spec,
                }
            )
            return
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        self._cluster.patch("Lease", self.name, {"metadata": version, "spec": spec})


@contextmanager
def held(lease: Lease, say: Callable[[str], None]) -> Iterator[Lease]:
    """Take the lease, renew it in the background, give it back at the end. Raises as `take`.

    Whoever is about to act asks `is_held` first: it may have been lost meanwhile, for good.
    """
    lease.take()
    stop = threading.Event()
    renewing = threading.Thread(
        target=lease.keep, args=(stop, say), kwargs={"retake": False}, daemon=True
    )
    renewing.start()
    try:
        yield lease
    finally:
        stop.set()
        renewing.join()


@contextmanager
def exclusive(
    lease: Lease, say: Callable[[str], None], see: str, doing: Callable[[], str] = lambda: ""
) -> Iterator[Callable[[], None]]:
    """Hold the lease while traffic is moved; yields a check that raises Lost, which names `see`.

    Raises Refused with who has it and since when; `doing` says, as a sentence, what that one does.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(lease, say))
        except Refused as error:
            told = doing()
            raise Refused(
                f"{error}.{told and f' {told}'} To take traffic back at once, whatever that one "
                "does: scripts/emergency_rollback.py"
            ) from error

        yield lambda: require_held(lease, see)


def require_held(lease: Lease, see: str) -> None:
    """Raise Lost where it ran out. `see` is the command that tells how things stand."""
    if not lease.is_held:
        raise Lost(
            f"the lease {lease.name} was lost: the API server did not answer in time, or this "
            f"machine slept. Another run may be at it: see {see}"
        )


def _holder(found: Body) -> Holder | None:
    spec = found.get("spec") or {}
    if not spec.get("holderIdentity"):
        return None
    return Holder(
        identity=str(spec["holderIdentity"]),
        since=str(spec.get("acquireTime") or ""),
        renewed=str(spec.get("renewTime") or ""),
        seconds=float(spec.get("leaseDurationSeconds") or 0),
    )
