"""The hold: what a rollback outside Pulumi leaves behind, so that the next `up` does not undo it.

Kept as the ConfigMap `traffic-hold`. While it stands, its color gets no traffic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ops import names
from ops.color import Color
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.cluster import Cluster


@dataclass(frozen=True)
class Hold:
    """A color that was rolled back, and why.

    `target` is the color that traffic went to, `at` an RFC 3339 time, `by` a person or an agent,
    `alert` the alert that asked for it (empty when a person did), `operation` the rollback's id
    (empty for a hold that was written by hand).
    """

    color: Color
    target: Color
    reason: str
    at: str
    by: str
    alert: str = ""
    operation: str = ""

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data."""
        return {key: str(value) for key, value in asdict(self).items()}

    @classmethod
    def from_data(cls, data: Mapping[str, str] | None) -> Hold:
        """Read it back. A hold that cannot be understood is not "no hold": `CouldNotFindOut`."""
        given = data or {}
        try:
            return cls(
                color=Color(given["color"]),
                target=Color(given["target"]),
                reason=given.get("reason", ""),
                at=given.get("at", ""),
                by=given.get("by", ""),
                alert=given.get("alert", ""),
                operation=given.get("operation", ""),
            )
        except (KeyError, ValueError) as error:
            raise CouldNotFindOut(
                "the ConfigMap traffic-hold stands but can't be understood "
                f"({type(error).__name__}: {error}); its data is {dict(given)!r}. "
                "See `kubectl get configmap traffic-hold -o yaml` and mend it; delete it only if "
                "no color was rolled back."
            ) from error

    @classmethod
    def read(cls, cluster: Cluster) -> Hold | None:
        """The one that stands, if one does. Raises CouldNotFindOut."""
        found = cluster.get("ConfigMap", names.HOLD)
        return None if found is None else cls.from_data(found.get("data"))

    def __str__(self) -> str:
        who = f" by {self.by}" if self.by else ""
        alert = f" (alert {self.alert})" if self.alert else ""
        return (
            f"{self.color} is held since {self.at or 'an unknown time'}{who}{alert}: {self.reason}"
        )
