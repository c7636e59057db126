"""The namespace isolated and reopened, and looked at from outside until that is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import failpoint, isolation, share
from ops.errors import CouldNotFindOut, Refused

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.isolation import Isolation

POLL_SECONDS: Final = 0.2
SEE_SECONDS: Final = 30.0
"""How long the gateway may take to follow its routes; it takes about 0.1 s."""


@dataclass(frozen=True)
class Outside:
    """The addresses that people come by."""

    urls: Collection[str]
    seconds: float = SEE_SECONDS
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def require_shut(self) -> None:
        """Raise Refused while the application answers, CouldNotFindOut where nobody answers."""
        self._require_any("every route is off its gateway")
        for url in self.urls:
            answer = self._last(url, lambda answer: not _is_ours(answer))
            if _is_ours(answer):
                raise Refused(
                    f"every route is off its gateway, but {url} still answers as the application "
                    f"after {self.seconds:g} s: look what else leads there (another namespace's "
                    "route, a load balancer), and at the gateway"
                )
            if answer.problem:
                raise CouldNotFindOut(
                    f"every route is off its gateway; that nobody gets in can't be seen from here: "
                    f"{url} gives no answer at all ({answer.problem})"
                )

    def require_open(self) -> None:
        """Raise Refused where the application does not answer in time, CouldNotFindOut."""
        self._require_any("every route is as it was")
        for url in self.urls:
            answer = self._last(url, _is_ours)
            if not _is_ours(answer):
                told = answer.problem or f"status {answer.status}"
                raise Refused(
                    f"every route is as it was, but {url} does not answer as the application after "
                    f"{self.seconds:g} s ({told}): `scripts/incident.py assess` looks why"
                )

    def _require_any(self, done: str) -> None:
        if not self.urls:
            raise CouldNotFindOut(
                f"{done}; what people see of it was not looked at, since only the stack's outputs "
                "know by which address they come: open it yourself"
            )

    def _last(self, url: str, wanted: Callable[[share.Answer], bool]) -> share.Answer:
        """The first answer that is wanted, else the last one."""
        deadline = self.clock() + self.seconds
        while True:
            answer = share.ask(url, ("/",), 1)[0]
            if wanted(answer) or self.clock() > deadline:
                return answer
            self.sleep(POLL_SECONDS)


def shut(
    cluster: Cluster, wanted: Isolation, outside: Outside, say: Callable[[str], None]
) -> Isolation:
    """Nobody gets in. What stands now: an isolation of before keeps its reason.

    Raises what `Outside.require_shut` does, CouldNotFindOut. Done again, it goes on.
    """
    stands, taken = isolation.isolate(cluster, wanted)
    for route in taken:
        say(f"{route} is off its gateway")
    failpoint.reach("isolate.detached")
    outside.require_shut()
    say("nobody gets in")
    return stands


def open_again(cluster: Cluster, outside: Outside, say: Callable[[str], None]) -> list[str]:
    """Everybody gets in; the routes that were attached. Raises as `shut`, and can be done again."""
    opened = isolation.reopen(cluster)
    for route in opened:
        say(f"{route} is at its gateway")
    outside.require_open()
    return opened


def _is_ours(answer: share.Answer) -> bool:
    """Whether it came through a color's backend: the gateway's own errors say no color."""
    return bool(answer.routed or answer.app)
