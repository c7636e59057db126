"""Requests at a constant rate, whatever the answers do, on a few connections.

Latency counts from the moment a request should have left: a server that stalls is not hidden by a
client that waits for it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from ops import web

TIMEOUT_SECONDS: Final = 10.0
CONNECTIONS: Final = 8


@dataclass(frozen=True)
class Shot:
    """The request of that number, from 0 on. `latency` in seconds.

    `status` 0 means that no answer came; `problem` says why.
    """

    number: int
    path: str
    latency: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass
class Pace:
    """GET requests in turn to `paths` below `url`, `rate` a second, from entry to exit."""

    url: str
    paths: Sequence[str]
    rate: float
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self._shots: queue.SimpleQueue[Shot] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._client = web.client(self.url, timeout=TIMEOUT_SECONDS)
        if self.token:
            self._client.headers["Authorization"] = f"Bearer {self.token}"
        begin = time.monotonic()
        self._threads = [
            threading.Thread(target=self._work, args=(begin, index), daemon=True)
            for index in range(CONNECTIONS)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def next(self, seconds: float) -> Shot | None:
        """The next request that ended, in whatever order; None if none did in that time."""
        try:
            return self._shots.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def _work(self, begin: float, number: int) -> None:
        while True:
            due = begin + number / self.rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            self._shots.put(self._shoot(number, due))
            number += CONNECTIONS

    def _shoot(self, number: int, due: float) -> Shot:
        import httpx2  # noqa: PLC0415 it takes a while, and --help needs none of it

        path = self.paths[number % len(self.paths)]
        try:
            response = self._client.get(path)
        except httpx2.HTTPError as error:
            problem = f"{type(error).__name__}: {error}"
            return Shot(number, path, time.monotonic() - due, problem=problem)
        latency = time.monotonic() - due
        return Shot(number, path, latency, response.status_code, response.headers)
