"""What a part of the local stack is: started once what it needs is there, healthy before others."""

import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import httpx2

from local import process
from local.commands import COMMANDS
from local.problems import InterruptedByUserError, LocalStackError, NotReadyError
from local.stack import NodeKind, Stack

POLL_SECONDS = 0.1
RECOVER_SECONDS = 10


class State(StrEnum):
    """What `status` says of a part."""

    HEALTHY = "healthy"
    UNHEALTHY = "not healthy"
    STOPPED = "stopped"
    CRASHED = "not running, was not stopped"
    UNUSED = "not used with this node"


class Part(ABC):
    """One thing that can be started and stopped by name."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of parts or other steps of `up` that must be done first."""
    kinds: ClassVar[tuple[NodeKind, ...]] = tuple(NodeKind)
    """The kinds of node it belongs to."""
    ports: ClassVar[tuple[int, ...]] = ()

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.places = stack.places

    @property
    def wanted(self) -> bool:
        """Whether the node of this machine has this part."""
        return self.stack.node in self.kinds

    @property
    def pid(self) -> int | None:
        """The process, where there is one."""
        return None

    @property
    def log_file(self) -> Path | None:
        """Where its output goes, where there is any."""
        return None

    @abstractmethod
    def check(self) -> None:
        """Return if it does its work; raise NotReadyError with what it said otherwise."""

    @abstractmethod
    def state(self) -> State:
        """Return what it does now."""

    @abstractmethod
    def start(self) -> None:
        """Start it if it is not there, and return once it is healthy."""

    @abstractmethod
    def stop(self) -> bool:
        """Stop it; return whether there was anything to stop."""


class Daemon(Part):
    """A part that is one process: pid file, log, health check."""

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    grace_seconds: ClassVar[float] = 10
    start_seconds: ClassVar[float] = 60

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    def prepare(self) -> None:
        """Write what the program reads when it starts."""

    def after_start(self) -> None:
        """Do what can only be done once it is healthy."""

    def environment(self) -> dict[str, str]:
        """Return the program's environment."""
        return self.stack.environment()

    @property
    def data(self) -> Path:
        """What it keeps across a stop."""
        return self.places.data(self.name)

    @property
    def pid_file(self) -> Path:
        """Says which process is ours."""
        return self.places.run / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        """Where its output goes."""
        return self.places.log / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        record = process.recorded(self.pid_file)
        return record.pid if record else None

    def state(self) -> State:
        """Return what it does now."""
        if not self.wanted:
            return State.UNUSED
        if self.pid is None:
            return State.CRASHED if self.pid_file.exists() else State.STOPPED
        try:
            self.check()
        except NotReadyError:
            return State.UNHEALTHY
        return State.HEALTHY

    def start(self) -> None:
        """Start it if it is not there, and return once it is healthy.

        One that runs and stays unhealthy is started afresh, once. Raises LocalStackError with the
        end of its log when it ends, or is not healthy in time.
        """
        if self.pid is not None:
            try:
                self.wait_healthy(RECOVER_SECONDS, None)
            except NotReadyError:
                self.stop()
            else:
                self.after_start()
                return
        with self.stack.report.step(f"start {self.name}"):
            self.data.mkdir(parents=True, exist_ok=True)
            self.prepare()
            self.require_free_ports()
            child = process.start(
                self.pid_file, self.log_file, self.command(), self.environment(), self.places.local
            )
            try:
                self.wait_healthy(self.start_seconds, child)
            except NotReadyError as error:
                raise LocalStackError(
                    f"{error}\n  End of {self.log_file}:\n{process.log_tail(self.log_file)}\n"
                    f"  Mend the cause, then run the same command again."
                ) from error
            self.after_start()

    def stop(self) -> bool:
        """Stop it; return whether it ran."""
        return process.stop(self.pid_file, self.stop_signal, self.grace_seconds)

    def require_free_ports(self) -> None:
        """Raise LocalStackError if somebody else holds one of its ports."""
        for port in self.ports:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("", port))
                except OSError as error:
                    raise LocalStackError(
                        f"port {port} is taken ({error}). See who holds it with "
                        f"`ss -ltnp 'sport = :{port}'`, end that, and run this again."
                    ) from error

    def wait_healthy(self, seconds: float, child: subprocess.Popen[bytes] | None) -> None:
        """Wait until `check` passes; `child`'s end or the time's end raises NotReadyError."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.check()
            except NotReadyError as error:
                if child is not None and child.poll() is not None:
                    raise NotReadyError(f"it ended with exit code {child.returncode}") from error
                if COMMANDS.stopped:
                    raise InterruptedByUserError("stopped") from error
                if time.monotonic() > deadline:
                    raise NotReadyError(f"not healthy after {seconds:.0f} s: {error}") from error
                time.sleep(POLL_SECONDS)
            else:
                return


def expect_http(url: str, verify: bool = True) -> None:
    """Raise NotReadyError unless GET `url` answers 200."""
    try:
        answer = httpx2.get(url, timeout=2, verify=verify, trust_env=False)
    except httpx2.HTTPError as error:
        raise NotReadyError(f"GET {url}: {error}") from error
    if answer.status_code != 200:
        raise NotReadyError(f"GET {url}: {answer.status_code} {answer.text[:200]}")
