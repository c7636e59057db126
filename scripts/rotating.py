"""What the commands that rotate secrets share: what they print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ops.rotation.entry import Entry
from ops.rotation.tools import E, Tools
from scripts.console import show

__all__ = ["show_entry", "show_plan", "show_status"]


def show_entry(entry: Entry, lines: Sequence[str], *, as_json: bool) -> None:
    """What was done, and what is left to do."""
    data = {**entry.model_dump(mode="json"), "told": list(lines)}
    show(data, as_json=as_json, text="\n".join(lines))


def show_plan(lines: Sequence[str], *, as_json: bool) -> None:
    """What would be done."""
    show({"would": list(lines)}, as_json=as_json, text="\n".join(lines))


def show_status(tools: Tools[E], *, as_json: bool) -> None:
    """What is open, and what was done."""
    entry, history = tools.journal.read(), tools.journal.history()
    lines = [f"open: {entry}" if entry else "nothing is open", *map(str, reversed(history))]
    data: dict[str, Any] = {
        "open": entry and entry.model_dump(mode="json"),
        "history": [each.model_dump(mode="json") for each in history],
    }
    show(data, as_json=as_json, text="\n".join(lines))
