"""What the commands that keep a journal print of it, and of what they would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from scripts.console import show


def told(entry: BaseModel | None, history: Sequence[BaseModel]) -> dict[str, Any]:
    """What is open, and what was done, as JSON."""
    return {
        "open": entry and entry.model_dump(mode="json"),
        "history": [each.model_dump(mode="json") for each in history],
    }


def show_journal(entry: BaseModel | None, history: Sequence[BaseModel], *, as_json: bool) -> None:
    """What is open, and what was done, the newest first."""
    lines = [f"open: {entry}" if entry else "nothing is open", *map(str, reversed(history))]
    show(told(entry, history), as_json=as_json, text="\n".join(lines))


def show_plan(lines: Sequence[str], *, as_json: bool) -> None:
    """What would be done."""
    show({"would": list(lines)}, as_json=as_json, text="\n".join(lines))
