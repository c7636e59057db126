"""A line of the checklist by how a look ends: returned is good, Refused bad, no answer unknown."""

from __future__ import annotations

from collections.abc import Callable

from ops.checklist import Line
from ops.errors import OpsError, Refused


def line(name: str, look: Callable[[], str]) -> Line:
    """The line of `look`, which returns what it saw or raises an OpsError."""
    try:
        return Line(name, "good", look())
    except Refused as error:
        return Line(name, "bad", str(error))
    except OpsError as error:
        return Line(name, "unknown", str(error))
