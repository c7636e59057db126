"""The stack's configuration as pydantic models: read once, refused with all that is wrong.

`load_from_pulumi()` is the only reader of Pulumi's configuration; everything else gets `Settings`.
"""

from components.settings.agent import AgentSettings
from components.settings.application import (
    ColorSettings,
    GateSettings,
    GatewaySettings,
    HostsSettings,
    MigrationsSettings,
    ResourcesSettings,
    ServiceSettings,
)
from components.settings.data import (
    BackupsSettings,
    ExternalDatabaseSettings,
    GenerationSettings,
    RdsSettings,
    RedisSettings,
    RestoreSource,
)
from components.settings.incidents import IncidentsSettings
from components.settings.load import load, load_from_pulumi
from components.settings.model import Settings
from components.settings.notifying import EmailSettings, NotificationsSettings
from components.settings.problem import Problem, SettingsError
from components.settings.release import ReleaseSettings, SentrySettings
from components.settings.watching import (
    AlertsSettings,
    LatencyThreshold,
    PercentThreshold,
    RequestRateThreshold,
    RollbackSettings,
)

__all__ = [
    "AgentSettings",
    "AlertsSettings",
    "BackupsSettings",
    "ColorSettings",
    "EmailSettings",
    "ExternalDatabaseSettings",
    "GateSettings",
    "GatewaySettings",
    "GenerationSettings",
    "HostsSettings",
    "IncidentsSettings",
    "LatencyThreshold",
    "MigrationsSettings",
    "NotificationsSettings",
    "PercentThreshold",
    "Problem",
    "RdsSettings",
    "RedisSettings",
    "ReleaseSettings",
    "RequestRateThreshold",
    "ResourcesSettings",
    "RestoreSource",
    "RollbackSettings",
    "SentrySettings",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "load",
    "load_from_pulumi",
]
