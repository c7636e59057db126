"""Constant load on one host, each answer recorded with the color that gave it.

Requests leave on a fixed schedule whatever the answers do, and latency counts from the moment a
request should have left: a server that stalls is not hidden by a client that waits for it.
Only loopback is ever a target, and every run is bounded in rate and time.
"""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from ops import names, web

MAX_SECONDS: Final = 600
MAX_RATE: Final = 500
TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Shot:
    """One request: when it should have left (`time.monotonic`), how it ended, who answered.

    `status` 0 means that no answer came; `problem` says why. `latency` is in seconds.
    """

    at: float
    latency: float
    status: int
    routed: str
    app: str
    path: str
    problem: str = ""

    @property
    def is_lost(self) -> bool:
        """No answer, or a server's error."""
        return self.status == 0 or self.status >= 500


@dataclass
class Load:
    """Sends `rate` requests a second to `url`, in turn to `paths`, from entry to exit.

    Use as a context manager; `shots` is complete after it. Raises `ValueError` for a target that
    is not loopback and for a rate above `MAX_RATE`.
    """

    url: str
    paths: Sequence[str]
    rate: float = 300.0
    threads: int = 16
    shots: list[Shot] = field(default_factory=list)

    def __post_init__(self) -> None:
        base, self._headers = web.address(self.url)
        parts = urlsplit(base)
        self._host, self._port = parts.hostname or "", parts.port or 80
        if self._host != "127.0.0.1":
            raise ValueError(f"load goes to loopback only, not to {self.url}")
        if not 0 < self.rate <= MAX_RATE:
            raise ValueError(f"a rate of {self.rate} is not between 0 and {MAX_RATE} a second")
        self._stop = threading.Event()
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        begin = time.monotonic() + 0.05
        self._workers = [
            threading.Thread(target=self._work, args=(begin, index), daemon=True)
            for index in range(self.threads)
        ]
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.join()
        self.shots.sort(key=lambda shot: shot.at)

    @property
    def lost(self) -> list[Shot]:
        """Requests without an answer, or with a server's error."""
        return [shot for shot in self.shots if shot.is_lost]

    def colors(self) -> Counter[str]:
        """How many answers each color gave."""
        return Counter(shot.routed for shot in self.shots if shot.routed)

    def _work(self, begin: float, index: int) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        mine: list[Shot] = []
        number = index
        while True:
            due = begin + number / self.rate
            if due - begin > MAX_SECONDS or self._stop.wait(max(0.0, due - time.monotonic())):
                break
            mine.append(self._shoot(connection, due, self.paths[number % len(self.paths)]))
            number += self.threads
        connection.close()
        with self._lock:
            self.shots += mine

    def _shoot(self, connection: http.client.HTTPConnection, due: float, path: str) -> Shot:
        try:
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            problem = f"{type(error).__name__}: {error}"
            return Shot(due, time.monotonic() - due, 0, "", "", path, problem)
        return Shot(
            due,
            time.monotonic() - due,
            response.status,
            response.headers.get(names.COLOR_HEADER, ""),
            response.headers.get(names.APP_COLOR_HEADER, ""),
            path,
        )


def percentile(shots: Sequence[Shot], percent: float) -> float:
    """The latency, in seconds, that `percent` of the shots stay below; 0 for no shots."""
    if not shots:
        return 0.0
    ordered = sorted(shot.latency for shot in shots)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
