"""The errors of this library, one base; each carries the exit code a command ends with."""

from typing import Final

GATE_UNKNOWN: Final = "the gate could not find out"
"""How the gate's hooks begin where they have no answer: whoever runs `pulumi up` gets text
alone, and tells that by this from a refusal."""


class OpsError(Exception):
    """Something an operator must read: what was tried, what came back, what to do next."""

    exit_code = 1


class Refused(OpsError):
    """The thing checked is bad; nothing was changed."""

    exit_code = 1


class UsageError(OpsError):
    """An argument or a configuration value is wrong; nothing was changed."""

    exit_code = 2


class CouldNotFindOut(OpsError):
    """The question has no answer right now. Never treated as a good answer: gates fail closed."""

    exit_code = 3


class NoAccess(CouldNotFindOut):
    """No answer, and asking again won't help: no such stack, no kubeconfig, no rights."""

    exit_code = 2
