"""`pulumi up` as a release's step: shown as it comes, and what it changed remembered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ops.release.tools import Tools

RESOURCES: Final = "Resources:"
DURATION: Final = "Duration:"


def up(tools: Tools) -> list[str]:
    """Run it; a line on what it changed and how long it took, where Pulumi said that."""
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        tools.say(line)

    tools.stack.up(show)
    return changed(shown)


def changed(lines: Iterable[str]) -> list[str]:
    """Pulumi's own summary, from the end of what it prints, as one line; none without it."""
    counts: list[str] = []
    is_summary = False
    for line in (each.strip() for each in lines):
        if line == RESOURCES:
            counts, is_summary = [], True
        elif line.startswith(DURATION):
            counts.append(f"in {line.removeprefix(DURATION).strip()}")
            is_summary = False
        elif is_summary and line:
            counts.append(line)
    return [f"pulumi up: {', '.join(counts)}"] if counts else []
