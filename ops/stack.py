"""The Pulumi stack, by its command-line program: outputs read, config written, `up` run.

Why not by the SDK's Automation API, which runs the same program: docs/adr/0014.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops import child
from ops.errors import CouldNotFindOut, NoAccess, Refused, UsageError
from ops.stack_lock import Lock
from ops.stack_unanswered import NO_ACCESS, Unanswered

PROJECT: Final = "legal-ai"
READ_SECONDS: Final = 120.0
PREVIEW_SECONDS: Final = 900.0
UP_SECONDS: Final = 7 * 3600.0
"""Longer than a database may take to be made from a backup (`components/generation.py`)."""
NOT_THERE: Final = "the program `pulumi` is not on PATH: install it, or `source .local/env`"
ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Stack:
    """One stack of the project in `folder`.

    `clear_lock`: the operator asked to clear a lock whose owner is certainly dead. `read_seconds`:
    how long Pulumi may take to tell something, or to write the configuration.
    """

    name: str
    folder: Path = ROOT
    clear_lock: bool = False
    read_seconds: float = READ_SECONDS

    @classmethod
    def chosen(
        cls,
        name: str | None = None,
        folder: Path | None = None,
        *,
        clear_lock: bool = False,
        read_seconds: float = READ_SECONDS,
    ) -> Stack:
        """The stack that was named, else the one of PULUMI_STACK, else the selected one.

        Raises UsageError where there is none, CouldNotFindOut where Pulumi does not tell.
        """
        where = folder or Path.cwd()
        where = where if (where / "Pulumi.yaml").exists() else ROOT
        found = name or os.environ.get("PULUMI_STACK")
        if not found:
            found = _run(where, ["stack", "--show-name"], read_seconds).strip()
        if not found:
            raise UsageError(
                "no stack is chosen: give --stack NAME, or `pulumi stack select NAME` first"
            )
        return cls(found, where, clear_lock, read_seconds)

    @property
    def short_name(self) -> str:
        """The last part of `organization/project/name`."""
        return self.name.rsplit("/", 1)[-1]

    def backend(self) -> str:
        """The URL of where the state is kept. Raises CouldNotFindOut."""
        # As Pulumi itself has it: the variable goes before the project's file and the login.
        if given := os.environ.get("PULUMI_BACKEND_URL"):
            return given
        return str(json.loads(_run(self.folder, ["whoami", "--json"], self.read_seconds))["url"])

    def summary(self) -> dict[str, Any]:
        """What `pulumi stack ls` says of it; `updateInProgress` only where a service keeps it.

        Raises CouldNotFindOut.
        """
        told = _run(self.folder, ["stack", "ls", "--json", "--project", PROJECT], self.read_seconds)
        found: list[dict[str, Any]] = json.loads(told)
        for each in found:
            if str(each["name"]).rpartition("/")[2] == self.short_name:
                return each
        raise CouldNotFindOut(f"`pulumi stack ls` knows no stack {self.name}")

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

    def up(
        self,
        show: Callable[[str], None],
        *,
        refresh: bool = False,
        seconds: float = UP_SECONDS,
    ) -> None:
        """`pulumi up --yes --skip-preview`; each line of its output goes to `show` as it comes.

        `refresh`: what is live is read first, so that what others changed is seen. Raises Refused
        with the last lines when it fails, CouldNotFindOut where a lock stands, where it did not
        end within `seconds`, and where it failed because the gate, Pulumi or the provider got no
        answer (a part may be done then). Safe to rerun.
        """
        command = ("up", "--yes", "--skip-preview", *(("--refresh",) if refresh else ()))
        unanswered = Unanswered(show)
        code, told = self._watched(unanswered.hear, seconds, *command)
        lock = Lock.of(told) if code != 0 else None
        if lock and self.clear_lock and lock.is_left_behind:
            show(f"clearing the lock, as asked for: {lock}")
            self._ask("cancel", "--yes")
            code, told = self._watched(unanswered.hear, seconds, *command)
            lock = Lock.of(told) if code != 0 else None
        if lock:
            raise CouldNotFindOut(
                f"stack {self.name} is locked by another Pulumi command: {lock}. This `pulumi up` "
                f"changed nothing. {lock.advice(self.name)}"
            )
        if code != 0:
            raise unanswered.error(
                f"`pulumi up` of stack {self.name} failed (exit code {code}):\n{told}\n"
                "Mend what it names, then run the same command again"
            )

    def require_no_drift(self) -> None:
        """`pulumi preview --expect-no-changes`. Raises Refused with what it would change."""
        code, told = self._watched(
            lambda _line: None, PREVIEW_SECONDS, "preview", "--expect-no-changes", "--diff"
        )
        if code == 0:
            return
        if "no changes were expected" in told:
            raise Refused(
                f"the configuration of stack {self.name} is not what is live:\n{told}\n"
                "Apply it with `pulumi up`, or set the configuration to what is live"
            )
        raise CouldNotFindOut(f"`pulumi preview` of stack {self.name} failed:\n{told}")

    def _watched(self, show: Callable[[str], None], seconds: float, *args: str) -> tuple[int, str]:
        """Exit code and last lines."""
        try:
            ended = child.run(self._command(*args), self.folder, show, seconds)
        except FileNotFoundError as error:
            raise UsageError(NOT_THERE) from error
        if ended.code is None:
            raise CouldNotFindOut(
                f"`pulumi {args[0]}` of stack {self.name} did not end within {seconds:g} s and was "
                f"stopped. Its last lines:\n{ended.last or 'none'}\nLook at what it waited for, "
                "then run the same command again, with --clear-lock if it says that a lock is left"
            )
        return ended.code, ended.last

    def _ask(self, *args: str, stdin: str | None = None) -> str:
        return _run(self.folder, self._command(*args)[1:], self.read_seconds, stdin)

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
        raise UsageError(NOT_THERE) from error
    except subprocess.TimeoutExpired as error:
        raise CouldNotFindOut(f"{told} did not end within {seconds:g} s") from error
    if done.returncode != 0:
        came_back = done.stderr.strip()
        failed = f"{told} in {folder} failed (exit code {done.returncode}): {came_back}"
        if any(words in came_back for words in NO_ACCESS):
            hint = "Look at --stack, PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE"
            raise NoAccess(f"{failed}. {hint}")
        raise CouldNotFindOut(failed)
    return done.stdout
