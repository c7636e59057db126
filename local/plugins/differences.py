"""What becomes of a property, in the engine's words; what differs is for each provider to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from local.plugins.paths import Path, path_text


class Change(Enum):
    """What happens to a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Difference:
    """One property that changes, and whether that needs a new object."""

    path: Path
    change: Change
    replaces: bool = False

    @property
    def text(self) -> str:
        """The path as the engine writes it: `spec.containers[0].image`, `metadata["a.b/c"]`."""
        return path_text(self.path)


def to_wire(difference: Difference) -> Any:
    """As the engine shows it. What is deleted stands in the old inputs, not in the state."""
    from pulumi.runtime.proto import provider_pb2  # noqa: PLC0415

    name = difference.change.name + ("_REPLACE" if difference.replaces else "")
    return provider_pb2.PropertyDiff(
        kind=provider_pb2.PropertyDiff.Kind.Value(name),
        inputDiff=difference.change is Change.DELETE,
    )
