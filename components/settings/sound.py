"""The sections that are right by themselves: what rules across keys can be asked of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.settings.agent import AgentSettings
from components.settings.application import (
    ColorSettings,
    HostsSettings,
    MigrationsSettings,
    ServiceSettings,
)
from components.settings.data import BackupsSettings, ExternalDatabaseSettings, RdsSettings
from components.settings.notifying import NotificationsSettings
from components.settings.watching import AlertsSettings
from ops.color import Color


@dataclass(frozen=True)
class Sound:
    """A configuration of which some sections may be missing, because they are wrong.

    `raw` is what the stack says, `merged` has the defaults too, `parts` the sections that are
    right, by attribute. `region` is the stack's AWS region, where it has one.
    """

    stack: str
    raw: Mapping[str, Any]
    merged: Mapping[str, Any]
    region: str | None
    parts: Mapping[str, Any]

    @property
    def environment(self) -> str | None:
        """The environment."""
        return self.parts.get("environment")

    @property
    def active(self) -> Color | None:
        """The active color."""
        return self.parts.get("active_color")

    @property
    def canary_weight(self) -> int | None:
        """The canary weight."""
        return self.parts.get("canary_weight")

    @property
    def services(self) -> dict[str, ServiceSettings]:
        """The services that are right, whatever the others are."""
        return dict(self.parts.get("services") or {})

    @property
    def service_names(self) -> tuple[str, ...]:
        """All services, those with errors too."""
        return _names(self.merged.get("services"))

    @property
    def hosts(self) -> HostsSettings | None:
        """The hosts."""
        return self.parts.get("hosts")

    @property
    def migrations(self) -> MigrationsSettings | None:
        """The migration Job."""
        return self.parts.get("migrations")

    @property
    def database(self) -> RdsSettings | ExternalDatabaseSettings | None:
        """The database."""
        return self.parts.get("database")

    @property
    def backups(self) -> BackupsSettings | None:
        """The backups."""
        return self.parts.get("backups")

    @property
    def alerts(self) -> AlertsSettings | None:
        """The thresholds."""
        return self.parts.get("alerts")

    @property
    def agent(self) -> AgentSettings | None:
        """The rollback agent."""
        return self.parts.get("agent")

    @property
    def notifications(self) -> NotificationsSettings | None:
        """Who is told."""
        return self.parts.get("notifications")

    @property
    def secrets(self) -> Mapping[str, Any]:
        """The secrets, where all of them are right."""
        return self.parts.get("secrets") or {}

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Names of all secrets that are set, those with errors too."""
        return _names(self.merged.get("secrets"))

    def color(self, color: Color) -> ColorSettings | None:
        """What is said of one color."""
        return self.parts.get(color.value)


def _names(section: Any) -> tuple[str, ...]:
    return tuple(section) if isinstance(section, Mapping) else ()
