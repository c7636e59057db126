"""Pure: percent of public traffic per color."""

from collections.abc import Mapping

from ops.color import Color


def shares(active: Color, canary_weight: int) -> dict[Color, int]:
    """Every color's, in the order of colors; the sum is 100. `canary_weight` is the other's."""
    both = {active: 100 - canary_weight, active.other: canary_weight}
    return {color: both[color] for color in Color}


def receiving(weights: Mapping[Color, int]) -> dict[Color, int]:
    """Those that get any: who is left out and who has 0 are the same."""
    return {color: weight for color, weight in weights.items() if weight}


def told(weights: Mapping[Color, int]) -> str:
    """For people: `blue 90 %, green 10 %`; empty where there are none."""
    return ", ".join(f"{color} {weight} %" for color, weight in sorted(weights.items()))
