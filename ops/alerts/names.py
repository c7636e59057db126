"""Names of the alerts, and which of them mean what to the agent and to silences."""

from enum import StrEnum
from typing import Final


class Alert(StrEnum):
    """Every alert of a stack; each has a paragraph of its name in docs/alerts.md."""

    DEPLOYMENT_FAILURE = "DeploymentFailure"
    DEPLOYMENT_LATENCY = "DeploymentLatency"
    CANARY_FAILURE = "CanaryFailure"
    CANARY_LATENCY = "CanaryLatency"

    HIGH_ERROR_RATE = "HighErrorRate"
    HIGH_LATENCY = "HighLatency"
    REQUEST_RATE_HIGH = "RequestRateHigh"
    REQUEST_RATE_LOW = "RequestRateLow"

    DATABASE_DOWN = "DatabaseDown"
    DATABASE_CONNECTIONS = "DatabaseConnections"
    DISK_LOW = "DiskLow"
    REPLICA_LAG = "ReplicaLag"
    BACKUP_TOO_OLD = "BackupTooOld"
    BACKUP_UNPROVEN = "BackupUnproven"

    MEMORY_HIGH = "MemoryHigh"
    CPU_HIGH = "CpuHigh"
    CRASH_LOOP = "CrashLoop"

    CERTIFICATE_EXPIRES = "CertificateExpires"
    NO_DATA = "NoData"
    METRICS_MISSING = "MetricsMissing"
    WEIGHTS_UNKNOWN = "WeightsUnknown"
    AGENT_DOWN = "AgentDown"
    AGENT_REPLICA_MISSING = "AgentReplicaMissing"
    WEBHOOKS_REFUSED = "WebhooksRefused"
    MESSAGES_LOST = "MessagesLost"


ROLLBACK: Final = "rollback"
"""Value of the label `action`: the agent is to take traffic from the color."""
ROLLBACK_ALERTS: Final = frozenset(
    {
        Alert.DEPLOYMENT_FAILURE,
        Alert.DEPLOYMENT_LATENCY,
        Alert.CANARY_FAILURE,
        Alert.CANARY_LATENCY,
    }
)

SHARED: Final = "shared"
"""Value of the label `scope`: what both colors stand on fails, and no change of color mends it."""
