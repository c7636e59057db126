"""A Redis server of a test's own, which can go away and come back."""

import subprocess
from pathlib import Path

import redis

from tests.ports import free_port
from tests.waiting import until


class RedisServer:
    """It keeps nothing but its log, in `folder`. `port` is on loopback."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.client = redis.Redis(port=self.port, decode_responses=True)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self._folder, "save": ""}
        args = [arg for key, value in options.items() for arg in (f"--{key}", str(value))]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(["redis-server", *args], stdout=log)
        self._process = process
        until(self._answers, "Redis answers", alive=lambda: process.poll() is None)

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.exceptions.ConnectionError:
            return False
