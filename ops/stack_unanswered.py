"""Whether `pulumi up` failed because something is bad, or because somebody gave no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ops.errors import GATE_UNKNOWN, CouldNotFindOut, NoAccess, OpsError, Refused

NO_ACCESS: Final = (
    "no stack named",
    "no stack selected",
    "a stack name may only contain",
    "passphrase",
    "unable to open state directory",
    "PULUMI_ACCESS_TOKEN",
    "[401]",
    "[403]",
)
"""What Pulumi says when asking again won't help: stack, backend or key are not what was meant."""
_NO_BACKEND: Final = ("failed to load checkpoint", "performing HTTP request", "(code=")
"""What Pulumi says of a state that it can't get at: in files or a bucket, and by its service."""
_NO_CLUSTER: Final = (
    GATE_UNKNOWN,
    "configured Kubernetes cluster is unreachable",
    "the server has asked for the client to provide credentials",
)
"""What the gate's hooks and the Kubernetes provider say of an API server."""


class Unanswered:
    """Shows the output of a `pulumi up`, and remembers what was not answered in it."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._kind: type[OpsError] = Refused

    def hear(self, line: str) -> None:
        """One line of it."""
        # Pulumi's own errors stand at the beginning of a line; below a resource they are its own.
        own = line if line.startswith("error:") else ""
        if any(words in own for words in NO_ACCESS):
            self._kind = NoAccess
        elif any(words in own for words in _NO_BACKEND) or any(w in line for w in _NO_CLUSTER):
            self._kind = CouldNotFindOut
        self._show(line)

    def error(self, text: str) -> OpsError:
        """The error of an `up` that failed."""
        return self._kind(text)
