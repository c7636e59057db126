"""What the commands that rotate secrets share: how one ended."""

from __future__ import annotations

from collections.abc import Sequence

from ops.rotation.entry import Entry
from scripts.console import show


def show_entry(entry: Entry, lines: Sequence[str], *, as_json: bool) -> None:
    """What was done, and what is left to do."""
    data = {**entry.model_dump(mode="json"), "told": list(lines)}
    show(data, as_json=as_json, text="\n".join(lines))
