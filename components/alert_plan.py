"""Settings, put as the alert library wants them: what is watched, and who is told of it."""

from components import aws
from components.settings import (
    AlertsSettings,
    NotificationsSettings,
    RdsSettings,
    ServiceSettings,
    Settings,
)
from components.settings.values import amount_of
from ops.agent import TOKEN_VARIABLE
from ops.alerts.spans import Spans
from ops.alerts.telling import Contacts, Email, Hidden
from ops.alerts.watched import CanaryLimits, Lasting, Limits, Service, Watched
from ops.notify import SECRETS


def watched(stack: str, settings: Settings) -> Watched:
    """The stack, its thresholds, and what can be known of it."""
    alerts, database = settings.alerts, settings.database
    # Behind an address of its own, an instance has none of the data.
    instance = database if isinstance(database, RdsSettings) and not database.url else None
    return Watched(
        stack=stack,
        namespace=settings.namespace,
        router=settings.router,
        services=tuple(_service(name, each) for name, each in settings.services.items()),
        exporters=frozenset(alerts.exporters),
        instance=aws.named(stack, instance.current) if instance else "",
        has_replica=bool(instance and instance.replica),
        tls_host=settings.hosts.public if settings.hosts.scheme == "https" else "",
        agents=settings.agent.replicas,
        runbook_url=alerts.runbook_url,
        evaluation_seconds=alerts.evaluation_seconds,
        spans=Spans(alerts.time_factor, alerts.scrape_seconds),
        limits=_limits(settings, alerts, is_ours=instance is None),
    )


def contacts(settings: Settings, webhook_url: str) -> Contacts:
    """The agent at its address, and the people; with secrets in clear."""
    told, agent = settings.notifications, settings.agent
    keys = {attribute: variable for variable, attribute in SECRETS.items()}

    def hidden(attribute: str) -> Hidden | None:
        value = getattr(told, attribute)
        return Hidden(keys[attribute], value.get_secret_value()) if value else None

    return Contacts(
        webhook_url=webhook_url,
        token=Hidden(TOKEN_VARIABLE, agent.token.get_secret_value() if agent.token else ""),
        group_wait_seconds=settings.alerts.group_wait_seconds,
        slack=hidden("slack_webhook"),
        pager_duty=hidden("pager_duty_key"),
        pager_duty_url=told.pager_duty_url,
        webhook=hidden("webhook"),
        email=_email(told, keys["email_password"]),
    )


def _service(name: str, settings: ServiceSettings) -> Service:
    memory = settings.resources.limits.get("memory")
    cores = settings.resources.requests.get("cpu")
    return Service(
        name,
        settings.port if settings.kind == "web" else None,
        float(amount_of(memory)) if memory else None,
        float(amount_of(cores)) if cores else None,
    )


def _limits(settings: Settings, alerts: AlertsSettings, *, is_ours: bool) -> Limits:
    rollback, canary = alerts.rollback, alerts.rollback.canary
    errors, p95 = alerts.error_rate_percent, alerts.p95_milliseconds
    rate, connections = alerts.request_rate, alerts.database_connections_percent
    memory, cpu, kept = alerts.memory_percent, alerts.cpu_percent, settings.backups
    return Limits(
        error_percent=Lasting(errors.alert, errors.for_minutes),
        normal_error_percent=errors.normal,
        p95_milliseconds=Lasting(p95.alert, p95.for_minutes),
        normal_p95_milliseconds=p95.normal,
        percent_of_baseline=Lasting(rate.alert_percent_of_baseline, rate.for_minutes),
        connections_percent=Lasting(connections.alert, connections.for_minutes),
        memory_percent=Lasting(memory.alert, memory.for_minutes),
        cpu_percent=Lasting(cpu.alert, cpu.for_minutes),
        disk_free_percent=alerts.disk_free_percent,
        replica_lag_seconds=alerts.replica_lag_seconds,
        certificate_days=alerts.certificate_days,
        crash_loop_restarts=alerts.crash_loop_restarts,
        no_data_minutes=alerts.no_data_minutes,
        minimum_requests=alerts.minimum_requests,
        acts=rollback.enabled,
        rollback_error_percent=Lasting(
            rollback.error_rate_percent, rollback.error_rate_for_minutes
        ),
        rollback_p95_milliseconds=Lasting(rollback.p95_milliseconds, rollback.p95_for_minutes),
        canary=CanaryLimits(canary.times_worse, canary.minimum_errors, canary.for_minutes),
        # AWS Backup's own plan takes those of an instance, and an alarm there watches their age.
        backup_minutes=kept.max_age_minutes if is_ours else None,
        proven_days=kept.verified_within_days,
    )


def _email(told: NotificationsSettings, key: str) -> Email | None:
    email = told.email
    if email is None:
        return None
    password = Hidden(key, email.password.get_secret_value()) if email.password else None
    return Email(
        smarthost=f"{email.server}:{email.port}",
        sender=email.sender,
        to=", ".join(email.to),
        user=email.user or "",
        password=password,
    )
