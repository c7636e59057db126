"""Redis: the application's cache and sessions."""

import socket

from local.addresses import LOOPBACK, REDIS_PORT
from local.parts.base import Daemon
from local.problems import NotReadyError


class Redis(Daemon):
    """Without password; saved to disk when it stops and now and then."""

    name = "redis"
    needs = ("packages", "node")
    ports = (REDIS_PORT,)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            "redis-server",
            *("--port", str(REDIS_PORT)),
            *("--bind", *self.stack.listen_addresses),
            *("--protected-mode", "no"),
            *("--dir", str(self.data)),
            *("--save", "60", "1"),
            *("--maxclients", "1000"),
            *("--daemonize", "no"),
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it answers a ping."""
        try:
            with socket.create_connection((LOOPBACK, REDIS_PORT), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(64)
        except OSError as error:
            raise NotReadyError(f"Redis: {error}") from error
        if not answer.startswith(b"+PONG"):
            raise NotReadyError(f"Redis said {answer!r}")
