"""Whether the process is leaving, and whether anybody still talks to it."""

import time
from dataclasses import dataclass, field

QUIET_SECONDS = 2.0


@dataclass
class Drain:
    """Tells when a leaving process may close its idle connections.

    While it drains, answers say `Connection: close`, so clients and proxies drop their kept
    connections themselves; after `QUIET_SECONDS` without a request nobody is left to be cut off.
    """

    limit: float
    began: float | None = None
    in_flight: int = 0
    last_request: float = field(default_factory=time.monotonic)

    @property
    def draining(self) -> bool:
        """Whether the process was asked to leave."""
        return self.began is not None

    def begin(self) -> None:
        """Start to leave; a second call changes nothing."""
        if self.began is None:
            self.began = self.last_request = time.monotonic()

    def done(self, now: float) -> bool:
        """Whether at `now` (monotonic seconds) it is quiet, or the limit has passed."""
        if self.began is None:
            return False
        quiet = self.in_flight == 0 and now - self.last_request >= QUIET_SECONDS
        return quiet or now - self.began >= self.limit
