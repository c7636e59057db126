"""The errors of the local stack: one base, so that the command line shows all of them alike."""

from dataclasses import dataclass


class LocalStackError(Exception):
    """Something the user can read and act on; the message says what to do next."""

    exit_code = 1


class NotReadyError(LocalStackError):
    """A part runs but does not answer as it should yet."""


class CommandFailedError(LocalStackError):
    """A program we called came back with an error; the message ends with what it printed."""


class InterruptedByUserError(LocalStackError):
    """Ctrl-C, or a stop asked for by another step's failure."""

    exit_code = 130


@dataclass(frozen=True)
class Problem:
    """One thing that is missing, and how to mend it."""

    what: str
    remedy: str


class PrerequisitesError(LocalStackError):
    """Everything that stands in the way, found before anything was changed."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = [f"  - {problem.what}\n      {problem.remedy}" for problem in problems]
        super().__init__("This machine lacks what the local stack needs:\n" + "\n".join(lines))
