"""The alerts on the watching itself: what is not known must never look like all is well."""

import re
from collections.abc import Iterator, Mapping

from ops.alerts import series
from ops.alerts.names import Alert
from ops.alerts.recorded import disk_filter, instance_storage
from ops.alerts.rule import Rule
from ops.alerts.watched import Watched

REFUSALS = "unauthorized|oversized|garbage|foreign|unsaved"
"""Verdicts of the agent on webhooks that it did not take (`agent/webhook.py`)."""


def unknown(watched: Watched) -> Iterator[Rule]:
    """Of the gateway's metrics and of the weights, without which no alert on traffic is right."""
    lasting = watched.spans.shortened(watched.limits.no_data_minutes)
    weight = series.query(series.ROUTE_WEIGHT, watched.namespace)
    known = series.query(series.GATEWAY_SERVICES, watched.namespace)
    yield Rule(
        Alert.NO_DATA,
        f"{weight} > 0\nunless {known} >= {len(watched.web)}",
        lasting,
        "critical",
        "Nothing is known of {{ $labels.color }}, which has {{ $value }} % of the traffic",
        "The gateway's metrics lack one of its services, or all: whether it fails can't be seen, "
        "and nothing would roll it back.",
    )
    yield Rule(
        Alert.WEIGHTS_UNKNOWN,
        f"absent({weight})",
        lasting,
        "critical",
        "Nobody says which color has traffic",
        "The agent can't read the route, or is not asked: no alert can roll back.",
    )


def rules(watched: Watched) -> Iterator[Rule]:
    """Of the agent, of the certificate, and of the exporters' metrics."""
    yield from _agent(watched)
    if watched.tls_host and "blackbox" in watched.exporters:
        yield _certificate(watched)
    for exporter, metric in _exporters(watched).items():
        yield Rule(
            Alert.METRICS_MISSING,
            f"absent({metric} >= 0)",
            watched.spans.shortened(watched.limits.no_data_minutes),
            "warning",
            f"Prometheus has nothing from {exporter}",
            "The alerts that are made from it can't fire.",
            labels={"exporter": exporter},
        )


def _agent(watched: Watched) -> Iterator[Rule]:
    spans = watched.spans
    leader = f'legal_ai_agent_leader{{namespace="{watched.namespace}"}}'
    yield Rule(
        Alert.AGENT_DOWN,
        f"(sum({leader} >= 0) or vector(0)) != 1",
        spans.shortened(2),
        "critical",
        "The rollback agent has {{ $value }} leaders, and needs one",
        "Nothing rolls back by itself until it has.",
    )
    yield Rule(
        Alert.AGENT_REPLICA_MISSING,
        f"(count({leader} >= 0) or vector(0)) < {watched.agents}",
        spans.shortened(10),
        "warning",
        f"The rollback agent has {{{{ $value }}}} of {watched.agents} replicas",
        "If the last one ends as well, nothing rolls back by itself.",
    )
    webhooks = f'legal_ai_webhooks_total{{namespace="{watched.namespace}",verdict=~"{REFUSALS}"}}'
    yield Rule(
        Alert.WEBHOOKS_REFUSED,
        f"sum by (verdict) (increase({webhooks}[{spans.window()}])) > 0",
        "0s",
        "warning",
        "The rollback agent refuses webhooks: {{ $labels.verdict }}",
        "If they are Alertmanager's own, nothing rolls back by itself.",
    )
    lost = f'legal_ai_notifications_failed_total{{namespace="{watched.namespace}"}}'
    yield Rule(
        Alert.MESSAGES_LOST,
        f"sum by (channel) (increase({lost}[{spans.window()}])) > 0",
        "0s",
        "warning",
        "The rollback agent could not tell people by {{ $labels.channel }}",
        "What it did stands on its page and in its log.",
    )


def _certificate(watched: Watched) -> Rule:
    days = watched.limits.certificate_days
    return Rule(
        Alert.CERTIFICATE_EXPIRES,
        f"min({_probe(watched)}) - time() < {days * 86_400}",
        watched.spans.shortened(5),
        "critical",
        f"The certificate of {watched.tls_host} ends in {{{{ $value | humanizeDuration }}}}",
        f"Less than {days} days: whatever renews it has not.",
    )


def _exporters(watched: Watched) -> Mapping[str, str]:
    namespace = f'namespace="{watched.namespace}"'
    metrics = {
        "kubelet": f"container_memory_working_set_bytes{{{namespace}}}",
        "kube-state-metrics": f"kube_pod_container_status_restarts_total{{{namespace}}}",
        "postgres": f"pg_up{{{namespace}}}",
        "disk": instance_storage(watched)
        if watched.instance
        else f"node_filesystem_avail_bytes{disk_filter(watched)}",
        "blackbox": _probe(watched) if watched.tls_host else "",
    }
    return {
        name: metric for name, metric in metrics.items() if name in watched.exporters and metric
    }


def _probe(watched: Watched) -> str:
    """What the blackbox exporter found; its target is the host, with or without the rest."""
    host = re.escape(watched.tls_host).replace("\\", "\\\\")
    return f'probe_ssl_earliest_cert_expiry{{instance=~"(https://)?{host}(:443)?(/.*)?"}}'
