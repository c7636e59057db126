"""A project whose colors are watched, the scripts that move its traffic, and what goes wrong."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from bench.load import Load
from ops.alerts import series
from ops.color import Color
from ops.metrics import Prometheus
from tests.e2e.faults import failing
from tests.e2e.project import Project, Ran
from tests.waiting import until

PROMETHEUS: Final = ("127.0.0.1", 9090)
RATE: Final = 120.0
PATHS: Final = ("/api/health", "/")
BRIEF: Final = "0.2"
"""Minutes that a step is watched: as long as the rules' window of this project, 12 s."""


@dataclass
class Shifting:
    """The project under load, its rules in Prometheus; and the number of its Redis database."""

    project: Project
    redis_number: int = 1

    def switch(self, color: str, *args: str, **env: str) -> Ran:
        """`switch_deployment_color.py`, watching briefly."""
        return self.project.script(*self.switching(color), *args, **env)

    def canary(self, *args: str, **env: str) -> Ran:
        """`canary.py` with short steps. What P95 is on a busy machine is not what is tested."""
        brief = ("--minutes", BRIEF, "--watch-minutes", BRIEF, "--times-worse", "20")
        return self.project.script("canary.py", *brief, *args, **env)

    @staticmethod
    def switching(color: str) -> tuple[str, ...]:
        """The command of a switch that watches briefly."""
        return ("switch_deployment_color.py", color, "--minutes", BRIEF)

    def status(self) -> dict[str, Any]:
        """The journal: `open`, and the `history`."""
        ran = self.project.script("canary.py", "--status", "--json").ok()
        found: dict[str, Any] = json.loads(ran.text)
        return found

    def weights(self) -> dict[str, int]:
        """What the live route says, colors without weight left out."""
        route = self.project.get("httproute", "legal-ai")
        refs = route["spec"]["rules"][-1]["backendRefs"]
        return {ref["name"].rpartition("-")[2]: ref["weight"] for ref in refs if ref["weight"]}

    def configured(self) -> tuple[str, str]:
        """Active color and canary weight by the configuration."""
        found = json.loads(self.project.pulumi("config", "--json").ok().text)
        return found["legal-ai:activeColor"]["value"], found["legal-ai:canaryWeight"]["value"]

    def failing(self, color: str, **faults: float) -> AbstractContextManager[None]:
        """Let a color's backend fail, for the block."""
        return failing(self.redis_number, color, faults)

    @contextmanager
    def load(self) -> Iterator[Load]:
        """Requests all the time; yields when Prometheus counts those of the color that serves."""
        with Load(self.project.url, PATHS, RATE) as load:
            self.await_numbers(Color(self.project.outputs()["activeColor"]))
            yield load

    def await_numbers(self, color: Color) -> None:
        """Wait until the rules of this project have counted enough requests of a color."""
        requests, latency = (
            series.query(name, self.project.namespace, color)
            for name in (series.REQUESTS_COUNT, series.LATENCY_P95)
        )
        query = f"{requests} > {RATE} and {latency}"
        prometheus = Prometheus("http://{}:{}".format(*PROMETHEUS))
        until(lambda: prometheus.vector(query), f"Prometheus has numbers of {color}", pause=0.5)


class Between:
    """A way to Prometheus that a test can close."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = True
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """From now on nobody answers there."""
        self._open = False
        self._listener.close()

    def _serve(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            there = socket.create_connection(PROMETHEUS)
            for source, sink in ((client, there), (there, client)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while self._open and (data := source.recv(65536)):
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            each.close()


def broken_pulumi(folder: Path, when: Path) -> str:
    """A PATH on which `pulumi up` fails as long as the file `when` is there."""
    real = shutil.which("pulumi")
    folder.mkdir()
    program = folder / "pulumi"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = up ] && [ -e {when} ]; then\n'
        f'  echo "error: the backend does not answer"; exit 255\nfi\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    return f"{folder}:"
