"""What containers print: of many at once, in the order of their times, or as it comes."""

from __future__ import annotations

import contextlib
import heapq
import queue
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from ops.errors import CouldNotFindOut, UsageError

if TYPE_CHECKING:
    from ops.cluster import Cluster, LogWish
    from ops.color import Color

LOOK_SECONDS: Final = 1.0
"""How often it is looked for new containers while logs are followed."""
_SPAN: Final = re.compile(r"(\d+)([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, order=True)
class Source:
    """One run of a container; `run` counts its restarts."""

    pod: str
    container: str
    run: int = 0


@dataclass(frozen=True)
class Printed:
    """One line; `at` is RFC 3339 by the node's clock, to the nanosecond."""

    at: str
    source: Source
    line: str

    @property
    def order(self) -> str:
        """By this, lines sort as times do: a time has no zeros at its end."""
        return self.at.rstrip("Z")


@dataclass(frozen=True)
class Chosen:
    """Whose logs: of one color or of all pods, of some services (label `app`) or of all."""

    color: Color | None = None
    services: Collection[str] = ()


def seconds(span: str) -> int:
    """`90s`, `15m`, `1h`, `2d` in seconds. Raises UsageError."""
    found = _SPAN.fullmatch(span)
    if found is None or not int(found[1]):
        raise UsageError(f"{span!r} is no span of time: write 90s, 15m, 1h or 2d")
    return int(found[1]) * _UNITS[found[2]]


def sources(cluster: Cluster, chosen: Chosen) -> list[Source]:
    """Every container that has begun to run. Raises CouldNotFindOut."""
    labels = {"color": str(chosen.color)} if chosen.color else {}
    return [
        source
        for pod in cluster.list("Pod", labels)
        if not chosen.services or _service(pod) in chosen.services
        for source in of_pod(pod)
    ]


def of_pod(pod: Mapping[str, Any]) -> Iterator[Source]:
    """The containers of a pod that have begun to run, those before them included."""
    name, status = str(pod["metadata"]["name"]), pod.get("status", {})
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind) or []:
            runs = int(each.get("restartCount", 0))
            if runs or "waiting" not in each.get("state", {}):
                yield Source(name, str(each["name"]), runs)


@dataclass
class Reader:
    """Reads logs of one cluster; what can't be read is kept for `finish`, the others are read."""

    cluster: Cluster
    wish: LogWish
    problems: list[CouldNotFindOut] = field(default_factory=list)

    def printed(self, found: Collection[Source]) -> Iterator[Printed]:
        """What these have printed so far, in the order of time."""
        return heapq.merge(*(self._read(each) for each in found), key=lambda line: line.order)

    def finish(self) -> None:
        """Raise what kept a log from being read, with all of it; nothing where all was read."""
        if self.problems:
            told = "\n".join(f"  - {problem}" for problem in self.problems)
            kind = type(self.problems[0])
            raise kind(f"{len(self.problems)} logs could not be read whole:\n{told}")

    def _read(self, source: Source) -> Iterator[Printed]:
        try:
            yield from read(self.cluster, source, self.wish)
        except CouldNotFindOut as error:
            self.problems.append(error)


def read(cluster: Cluster, source: Source, wish: LogWish) -> Iterator[Printed]:
    """One log. Raises CouldNotFindOut, also between two lines."""
    for line in cluster.log_lines(source.pod, source.container, replace(wish, timed=True)):
        at, _, text = line.partition(" ")
        yield Printed(at, source, text)


def follow(
    cluster: Cluster, chosen: Chosen, wish: LogWish, say: Callable[[str], None]
) -> Iterator[Printed]:
    """What they print from now on, and those that come, as it comes and without end.

    A log that breaks off is said, and read on. Raises CouldNotFindOut where pods can't be listed.
    """
    lines: queue.Queue[Printed | _Broken] = queue.Queue()
    known: set[Source] = set()
    last: dict[Source, str] = {}
    wish = replace(wish, follow=True)
    while True:
        for new in set(sources(cluster, chosen)) - known:
            arguments = (cluster, new, wish, last.get(new, ""), lines)
            threading.Thread(target=_stream, args=arguments, daemon=True).start()
            known.add(new)
        # Only what was there at first has a past that was not asked for.
        wish = replace(wish, since_seconds=None)
        for line in _waiting(lines):
            if isinstance(line, _Broken):
                say(f"{line.error}; it is read on")
                known.discard(line.source)
            else:
                last[line.source] = line.order
                yield line


@dataclass(frozen=True)
class _Broken:
    """A log that ended with an error."""

    source: Source
    error: CouldNotFindOut


def _stream(
    cluster: Cluster,
    source: Source,
    wish: LogWish,
    after: str,
    lines: queue.Queue[Printed | _Broken],
) -> None:
    try:
        for line in read(cluster, source, wish):
            if line.order > after:
                lines.put(line)
    except CouldNotFindOut as error:
        lines.put(_Broken(source, error))


def _waiting(lines: queue.Queue[Printed | _Broken]) -> Iterator[Printed | _Broken]:
    """What is in the queue, once something is or it is time to look for new containers."""
    with contextlib.suppress(queue.Empty):
        yield lines.get(timeout=LOOK_SECONDS)
        while True:
            yield lines.get_nowait()


def _service(pod: Mapping[str, Any]) -> str:
    return str((pod["metadata"].get("labels") or {}).get("app", ""))
