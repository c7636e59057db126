"""What the configuration asks for and was not deployed yet: the next `up` would deploy it along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.color import Color
from ops.config import configured, undeployed

if TYPE_CHECKING:
    from ops.config import Config
    from ops.operations import Operations


def changes(config: Config, operations: Operations) -> list[str]:
    """Active color, canary weight and versions that differ from what was deployed last."""
    wanted = configured(config)
    active, weight = Color(wanted["activeColor"]), int(wanted["canaryWeight"])
    deployed = operations.weights.get(operations.active_color.other, 0)
    found = []
    if active != operations.active_color:
        found.append(f"activeColor is {active}, deployed is {operations.active_color}")
    if weight != deployed:
        found.append(f"canaryWeight is {weight}, deployed is {deployed}")
    found += [
        f"{each.color}.version is {each.version or 'unset'}, deployed is {each.deployed or 'none'}"
        for each in undeployed(config, operations.versions)
    ]
    return found
