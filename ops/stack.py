"""The Pulumi stack, by its command-line program: outputs read, config written, `up` run.

The SDK's Automation API does the same through the same program, and would bring the SDK along.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.errors import CouldNotFindOut, Refused, UsageError

PROJECT: Final = "legal-ai"
READ_SECONDS: Final = 120.0
LAST_LINES: Final = 30
_OWNER: Final = re.compile(r"created by \S+@(\S+) \(pid (\d+)\)")
PROC: Final = Path("/proc")
ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class LockOwner:
    """The process that locked a stack, as Pulumi's message names it."""

    host: str
    pid: int

    @property
    def is_dead(self) -> bool:
        """Whether it certainly is: it ran on this machine and does not any more."""
        here = self.host == socket.gethostname() and PROC.exists()
        return here and not is_pulumi(self.pid)

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"


def is_pulumi(pid: int) -> bool:
    """Whether `pid` is alive and is a pulumi command, not another program with a recycled pid."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    name, state = stat.partition("(")[2].rpartition(")")[::2]
    return name == "pulumi" and state.split()[0] not in "ZX"


def lock_owners(told: str) -> list[LockOwner]:
    """Who holds the locks that a failed command names; empty if it failed for another reason."""
    if "currently locked" not in told:
        return []
    return [LockOwner(host, int(pid)) for host, pid in _OWNER.findall(told)]


@dataclass(frozen=True)
class Stack:
    """One stack of the project in `folder`."""

    name: str
    folder: Path = ROOT

    @classmethod
    def chosen(cls, name: str | None = None, folder: Path | None = None) -> Stack:
        """The stack that was named, else the one of PULUMI_STACK, else the selected one.

        Raises UsageError where there is none.
        """
        where = folder or Path.cwd()
        where = where if (where / "Pulumi.yaml").exists() else ROOT
        found = name or os.environ.get("PULUMI_STACK")
        if not found:
            found = _run(where, ["stack", "--show-name"], READ_SECONDS).strip()
        if not found:
            raise UsageError(
                "no stack is chosen: give --stack NAME, or `pulumi stack select NAME` first"
            )
        return cls(found, where)

    @property
    def short_name(self) -> str:
        """The last part of `organization/project/name`."""
        return self.name.rsplit("/", 1)[-1]

    def outputs(self) -> dict[str, Any]:
        """The outputs of the last `up`, secrets in clear. Raises CouldNotFindOut."""
        text = self._ask("stack", "output", "--json", "--show-secrets")
        found: dict[str, Any] = json.loads(text)
        return found

    def config(self) -> dict[str, Any]:
        """The stack's own configuration by full key; objects as objects, secrets in clear."""
        text = self._ask("config", "--json", "--show-secrets")
        found: dict[str, Any] = {}
        for key, entry in json.loads(text).items():
            value = entry.get("objectValue", entry.get("value"))
            found[key] = value
        return found

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        """`pulumi config set-all --path`: all of them in one write of the stack's file.

        Keys are paths below `legal-ai:`. Secrets reach the program through a pipe that no process
        list shows.
        """
        plain = [part for k, v in values.items() for part in ("--plaintext", f"{PROJECT}:{k}={v}")]
        if plain:
            self._ask("config", "set-all", "--path", *plain)
        for key, value in (secrets or {}).items():
            self._ask("config", "set", "--path", "--secret", f"{PROJECT}:{key}", stdin=value)

    def remove(self, key: str) -> None:
        """`pulumi config rm --path` of a key below `legal-ai:`; it's fine if it is not there."""
        self._ask("config", "rm", "--path", f"{PROJECT}:{key}")

    def up(self, show: Callable[[str], None], *, refresh: bool = False) -> None:
        """`pulumi up --yes --skip-preview`; each line of its output goes to `show` as it comes.

        `refresh`: what is live is read first, so that what others changed is seen.
        The lock of a run that was killed on this machine is cleared first. Raises Refused with the
        last lines when it fails, CouldNotFindOut while another run holds the stack. Safe to rerun.
        """
        command = ("up", "--yes", "--skip-preview", *(("--refresh",) if refresh else ()))
        code, told = self._watched(show, *command)
        if code != 0 and (owners := lock_owners(told)):
            if not all(owner.is_dead for owner in owners):
                raise CouldNotFindOut(
                    f"another Pulumi command holds stack {self.name}: "
                    f"{', '.join(str(owner) for owner in owners)}. Wait for its end, then run the "
                    "same command again; if it is dead, `pulumi cancel` first"
                )
            show(f"clearing the lock of a Pulumi command that was killed ({owners[0]})")
            self._ask("cancel", "--yes")
            code, told = self._watched(show, *command)
        if code != 0:
            raise Refused(
                f"`pulumi up` of stack {self.name} failed (exit code {code}):\n{told}\n"
                "Mend what it names, then run the same command again"
            )

    def require_no_drift(self) -> None:
        """`pulumi preview --expect-no-changes`. Raises Refused with what it would change."""
        code, told = self._watched(lambda _line: None, "preview", "--expect-no-changes", "--diff")
        if code == 0:
            return
        if "no changes were expected" in told:
            raise Refused(
                f"the configuration of stack {self.name} is not what is live:\n{told}\n"
                "Apply it with `pulumi up`, or set the configuration to what is live"
            )
        raise CouldNotFindOut(f"`pulumi preview` of stack {self.name} failed:\n{told}")

    def _watched(self, show: Callable[[str], None], *args: str) -> tuple[int, str]:
        """Exit code and last lines."""
        last: list[str] = []
        with subprocess.Popen(
            self._command(*args),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            for line in child.stdout or ():
                show(line.rstrip())
                last = [*last, line.rstrip()][-LAST_LINES:]
        return child.returncode, "\n".join(line for line in last if line.strip())

    def _ask(self, *args: str, stdin: str | None = None) -> str:
        return _run(self.folder, self._command(*args)[1:], READ_SECONDS, stdin)

    def _command(self, *args: str) -> list[str]:
        return ["pulumi", *args, "--stack", self.name, "--non-interactive"]


def _run(folder: Path, args: list[str], seconds: float, stdin: str | None = None) -> str:
    told = f"`pulumi {' '.join(args)}`"
    try:
        done = subprocess.run(
            ["pulumi", *args],
            cwd=folder,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError(
            "the program `pulumi` is not on PATH: install it, or `source .local/env`"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CouldNotFindOut(f"{told} did not end within {seconds:g} s") from error
    if done.returncode != 0:
        raise CouldNotFindOut(
            f"{told} in {folder} failed (exit code {done.returncode}): {done.stderr.strip()}"
        )
    return done.stdout
