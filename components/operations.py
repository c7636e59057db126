"""The output `operations`: what scripts must know of the stack; `ops/operations.py` reads it."""

from typing import Any

import pulumi

from components.backups import Backups
from components.database import Database
from components.notifications import notification_facts
from components.release_facts import release_facts
from components.settings import RdsSettings, Settings


def described(settings: Settings) -> dict[str, Any]:
    """What anybody may know of the stack: the outputs that are not secret."""
    colors = settings.declared_colors()
    return {
        "namespace": settings.namespace,
        "publicUrl": settings.hosts.url(settings.hosts.public),
        "previewUrls": {
            str(color): settings.hosts.url(settings.hosts.preview_for(color)) for color in colors
        },
        "activeColor": str(settings.active_color),
        "weights": {str(color): weight for color, weight in settings.weights().items()},
        "versions": {str(color): settings.version(color) for color in colors},
    }


def operations(
    settings: Settings, database: Database, backups: Backups | None
) -> pulumi.Output[Any]:
    """The facts, secret as a whole since addresses carry passwords."""
    migrations, kept = settings.migrations, settings.backups
    facts: dict[str, Any] = described(settings) | {
        "environment": settings.environment,
        "kubeContext": settings.kube_context,
        "router": settings.router,
        "images": {
            str(color): settings.image(color, migrations.service)
            for color in settings.declared_colors()
        },
        "redisUrl": settings.redis.url.get_secret_value(),
        "database": _database(settings, database),
        "backups": {
            "schedule": kept.schedule,
            "pointInTime": kept.point_in_time,
            "retentionDays": kept.retention_days,
            "maxAgeMinutes": kept.max_age_minutes,
            "verifiedWithinDays": kept.verified_within_days,
            "store": kept.store or "",
            "archive": kept.archive or "",
            "vault": backups.vault if backups else "",
        },
        "migrations": {
            "enabled": migrations.enabled,
            "service": migrations.service,
            "command": list(migrations.command),
            "timeoutSeconds": migrations.timeout_seconds,
        },
        "monitoring": monitoring(settings),
        "notifications": notification_facts(pulumi.get_stack(), settings).revealed(),
        "release": release_facts(settings),
        "dependencies": list(settings.incidents.dependencies),
    }
    return pulumi.Output.secret(facts)


def monitoring(settings: Settings) -> dict[str, Any]:
    """How the stack is watched: `ops/monitoring.py` reads it."""
    alerts = settings.alerts
    return {
        "delivery": alerts.delivery,
        "prometheusUrl": alerts.prometheus_url,
        "alertmanagerUrl": alerts.alertmanager_url,
        "timeFactor": alerts.time_factor,
        "scrapeSeconds": alerts.scrape_seconds,
        "evaluationSeconds": alerts.evaluation_seconds,
        "groupWaitSeconds": alerts.group_wait_seconds,
        "exporters": list(alerts.exporters),
        "thresholds": alerts.model_dump(mode="json", by_alias=True),
        "agent": {"enabled": settings.agent.enabled, "namespace": settings.namespace},
    }


def _database(settings: Settings, database: Database) -> dict[str, Any]:
    declared = settings.database
    return {
        "kind": declared.kind,
        # An address that is set is the only way to the data: the instance, if any, has none of it.
        "engine": "postgres" if declared.url is not None else "rds",
        "url": database.url,
        "adminUrl": database.admin_url,
        "replicaUrl": database.replica_url,
        "region": settings.aws_region or "",
        "current": declared.current if isinstance(declared, RdsSettings) else "",
        "generations": [
            {"name": name, "instance": instance, "adminSecret": database.admin_secrets[name]}
            for name, instance in database.instances.items()
        ],
    }
