"""One replica: its threads, and how they end. Made of parts that are tested by themselves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ops.agent import INBOX
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from agent.leader import Leader
    from ops.cluster import Cluster
    from ops.lease import Lease

log: Final = logging.getLogger(__name__)

ROUND_SECONDS: Final = 1.0
"""Between two rounds where nothing wakes the leader."""
RECONNECT_SECONDS: Final = 10.0
"""Before the inbox is watched again after that failed."""
END_SECONDS: Final = 5.0
"""How long a round may go on when the process is told to end; then it is left to the twin."""


class Process:
    """Three threads: one keeps the lease, one sees that the inbox changed, one does the rounds."""

    def __init__(self, cluster: Cluster, lease: Lease, leader: Leader) -> None:
        self._cluster, self._lease, self._leader = cluster, lease, leader
        self._stop, self._wake = threading.Event(), threading.Event()
        self._stop_lease = threading.Event()
        self._keeping = self._thread("lease", lambda: lease.keep(self._stop_lease, log.warning))
        self._seeing = self._thread("inbox", self._see)
        self._acting = self._thread("rounds", self._act)

    def start(self) -> None:
        """Start the threads."""
        for thread in (self._keeping, self._seeing, self._acting):
            thread.start()

    def wake(self) -> None:
        """Begin the next round at once."""
        self._wake.set()

    @property
    def problem(self) -> str:
        """Why this process must be started anew; empty while all is well."""
        dead = [
            thread.name
            for thread in (self._keeping, self._seeing, self._acting)
            if not thread.is_alive()
        ]
        return f"these threads have ended, see the log: {', '.join(dead)}" if dead else ""

    def stop(self) -> None:
        """End the round that is under way, and give the lease back so that the twin goes on.

        What takes longer, the twin finishes: the journal tells this process to stop.
        """
        self._stop.set()
        self._wake.set()
        self._acting.join(END_SECONDS)
        self._stop_lease.set()
        self._keeping.join(END_SECONDS)

    def _act(self) -> None:
        try:
            while not self._stop.is_set():
                self._wake.wait(ROUND_SECONDS)
                self._wake.clear()
                try:
                    self._leader.round()
                except CouldNotFindOut as error:
                    log.warning("this round found no answer, the next one asks again: %s", error)
        finally:
            # Also after a mistake of ours: a leader that does no rounds must not keep the twin out.
            self._stop_lease.set()

    def _see(self) -> None:
        """The twin may have taken the webhook: then only the ConfigMap tells."""
        while not self._stop.is_set():
            try:
                for _ in self._cluster.changes("ConfigMap", INBOX):
                    self._wake.set()
            except CouldNotFindOut as error:
                log.warning("looking each %g s instead of being told: %s", ROUND_SECONDS, error)
                self._stop.wait(RECONNECT_SECONDS)

    def _thread(self, name: str, act: Callable[[], None]) -> threading.Thread:
        # Daemons: a connection that hangs must not keep the process from ending.
        return threading.Thread(target=act, name=name, daemon=True)
