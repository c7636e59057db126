"""Names that the program, the gate, the agent and the scripts agree on."""

from typing import Final

from ops.color import Color

DOMAIN: Final = "legal-ai-system.com"
"""Prefix of every label and annotation of ours (Kubernetes wants a DNS name there)."""

ACTIVE_COLOR: Final = f"{DOMAIN}/active-color"
CANARY_WEIGHT: Final = f"{DOMAIN}/canary-weight"
SERIAL: Final = f"{DOMAIN}/serial"
VERSIONS: Final = f"{DOMAIN}/versions"

KIND: Final = f"{DOMAIN}/kind"
"""Label of everything that runs in the active color only: `worker` or `cron`."""
REPLICAS: Final = f"{DOMAIN}/replicas"
"""Annotation of a worker's Deployment: how many pods it has while its color is the active one."""

COLOR_HEADER: Final = "X-Deployment-Color"
"""Set by the gateway: the color the route chose. On preview hosts a request may ask for one."""
APP_COLOR_HEADER: Final = "X-App-Color"
"""Set by the application: the color it runs as. Another than the route's: a selector is wrong."""
APP_VERSION_HEADER: Final = "X-App-Version"

COLOR_COOKIE: Final = "legal-ai-color"

HOLD: Final = "traffic-hold"
ACKNOWLEDGE: Final = "scripts/emergency_rollback.py --acknowledge"
"""The command that makes the configuration say what a rollback made live, and lifts its hold."""
HISTORY: Final = "traffic-history"
UNVERIFIED: Final = "traffic-unverified"
ISOLATION: Final = "traffic-isolated"
SCHEMA: Final = "schema"

MIGRATE: Final = "migrate"
"""Container, and label `app`, of every pod that migrates the database."""


def workload(service: str, color: Color) -> str:
    """Name of a service's Deployment, Service and PodDisruptionBudget: `backend-blue`."""
    return f"{service}-{color}"


def selector(service: str, color: Color) -> dict[str, str]:
    """Labels that pick the pods of one service in one color."""
    return {"app": service, "color": str(color)}
