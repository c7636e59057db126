"""Policies as AWS compares them: by what they say, not by how they are written."""

from __future__ import annotations

import json
from typing import Any


def canonical(text: str) -> Any:
    """What a JSON text says; texts that are no JSON stand for themselves.

    AWS writes a list with one item as the item, and lists of texts in its own order.
    """
    try:
        return _canonical(json.loads(text))
    except ValueError:
        return text


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_canonical(item) for item in value]
    if len(items) == 1:
        return items[0]
    return sorted(items) if all(isinstance(item, str) for item in items) else items
