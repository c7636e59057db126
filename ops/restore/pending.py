"""What the configuration asks for and was not deployed yet: a restore's `up` would deploy it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ops.color import Color

if TYPE_CHECKING:
    from ops.operations import Operations


def changes(config: Mapping[str, Any], operations: Operations) -> list[str]:
    """Active color, canary weight and versions that differ from what was deployed last."""
    active = Color(str(config.get("legal-ai:activeColor") or "blue"))
    weight = int(config.get("legal-ai:canaryWeight") or 0)
    found = []
    if active != operations.active_color:
        found.append(f"activeColor is {active}, deployed is {operations.active_color}")
    if weight != operations.weights.get(operations.active_color.other, 0):
        found.append(
            f"canaryWeight is {weight}, deployed is "
            f"{operations.weights.get(operations.active_color.other, 0)}"
        )
    for color in Color:
        wanted = str((config.get(f"legal-ai:{color}") or {}).get("version") or "")
        deployed = operations.versions.get(color, "")
        if wanted != deployed:
            found.append(
                f"{color}.version is {wanted or 'unset'}, deployed is {deployed or 'none'}"
            )
    return found
