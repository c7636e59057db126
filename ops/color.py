"""The two colors that a release moves between."""

from enum import StrEnum


class Color(StrEnum):
    """One of the two complete copies of the application."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Color":
        """The color that this one hands over to."""
        return Color.GREEN if self is Color.BLUE else Color.BLUE
