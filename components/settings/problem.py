"""What is wrong with a stack's configuration, said so that the reader can mend it."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pulumi import RunError

from ops.errors import UsageError

NAMESPACE: Final = "legal-ai"
_LONGEST_VALUE: Final = 80


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `key` is the key as people type it (`legal-ai:blue.version`), `finding` continues it ("is 150"),
    `allowed` says what would be right, `fix` is the command that mends it.
    """

    key: str
    finding: str
    allowed: str
    fix: str

    def __str__(self) -> str:
        allowed = f"\n  Allowed: {self.allowed}." if self.allowed else ""
        stop = "" if self.finding.endswith("?") else "."
        return f"{self.key} {self.finding}{stop}{allowed}\n  Mend it: {self.fix}"


class SettingsError(UsageError, RunError):
    """The configuration can't be right; nothing was changed. `problems` has all that is wrong.

    A `RunError`, so that Pulumi shows the message and no traceback.
    """

    def __init__(self, stack: str, problems: Iterable[Problem]) -> None:
        self.stack = stack
        self.problems = tuple(problems)
        count = len(self.problems)
        head = (
            f"the configuration of stack {stack} has {count} problem{'s' if count > 1 else ''}; "
            "nothing was changed."
        )
        super().__init__("\n\n".join([head, *map(str, self.problems)]))


def typed(path: str) -> str:
    """The key as people type it: `legal-ai:blue.version`."""
    return f"{NAMESPACE}:{path}"


def set_command(path: str, value: str) -> str:
    """The command that sets a key; `value` is written as the shell wants it."""
    return f"pulumi config set {_flags(path)}{shlex.quote(typed(path))} {shlex.quote(value)}"


def set_text_command(path: str, value: str) -> str:
    """The same where the CLI would take the value for a number or a truth value."""
    key = shlex.quote(typed(path))
    return f"pulumi config set --path --type string {key} {shlex.quote(value)}"


def set_secret_command(path: str) -> str:
    """The command that asks for a secret and stores it encrypted, past the shell's history."""
    return f"pulumi config set --secret --path {shlex.quote(typed(path))}"


def remove_command(path: str) -> str:
    """The command that takes a key out."""
    return f"pulumi config rm {_flags(path)}{shlex.quote(typed(path))}"


def shown(value: Any) -> str:
    """A value as a message shows it: JSON, cut when long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def join(path: str, part: str | int) -> str:
    """The path one step further down; list positions and odd names in brackets, as the CLI does."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    if not part.replace("_", "").replace("-", "").isalnum():
        return f"{path}[{json.dumps(part)}]"
    return f"{path}.{part}" if path else part


def _flags(path: str) -> str:
    return "--path " if "." in path or "[" in path else ""
