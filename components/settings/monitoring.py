"""Where Prometheus and Alertmanager are, how they get their rules, and how often they look."""

from typing import Annotated, Final, Literal

from pydantic import Field

from components.settings.base import Part
from components.settings.values import HttpUrl, Key, Label, Network, Text, Whole

Delivery = Literal["operator", "files", "none"]
Exporter = Literal["kubelet", "kube-state-metrics", "postgres", "disk", "blackbox"]
Seconds = Annotated[Whole, Field(ge=1, le=300)]

EXPORTERS: Final[tuple[Exporter, ...]] = (
    "kubelet",
    "kube-state-metrics",
    "postgres",
    "disk",
    "blackbox",
)
_SECONDS: Final = "a whole number of seconds, 1 to 300"


class MonitoringSettings(Part):
    """How the rules reach Prometheus and Alertmanager, and what can be known there."""

    delivery: Annotated[
        Delivery,
        Key(
            "`operator`: PrometheusRule and AlertmanagerConfig; `files`: a ConfigMap and a Secret; "
            "`none`: no rules, nobody is told",
            "operator, files or none",
            "operator",
        ),
    ] = "operator"
    labels: Annotated[
        dict[Text, Text],
        Key(
            "labels by which the operator's Prometheus and Alertmanager select objects",
            "text, by the label's name",
            "kube-prometheus-stack",
        ),
    ] = Field(default_factory=dict)
    namespace: Annotated[
        Label,
        Key(
            "namespace that Prometheus and Alertmanager run in; NetworkPolicies let it in",
            "a name (RFC 1123)",
            "monitoring",
        ),
    ] = "monitoring"
    cidrs: Annotated[
        tuple[Network, ...],
        Key(
            "addresses their requests come from, where they do not run as pods of that namespace",
            "a network in CIDR form with no host bits set",
            "10.0.2.0/24",
        ),
    ] = ()
    prometheus_url: Annotated[
        HttpUrl,
        Key(
            "Prometheus, as pods reach it; scripts elsewhere say --prometheus",
            "an http:// or https:// address",
            "http://prometheus-operated.monitoring.svc:9090",
        ),
    ] = "http://prometheus-operated.monitoring.svc:9090"
    alertmanager_url: Annotated[
        HttpUrl,
        Key(
            "Alertmanager, as pods reach it; scripts elsewhere say --alertmanager",
            "an http:// or https:// address",
            "http://alertmanager-operated.monitoring.svc:9093",
        ),
    ] = "http://alertmanager-operated.monitoring.svc:9093"
    runbook_url: Annotated[
        Text,
        Key(
            "where docs/alerts.md can be read; alerts link to their paragraph in it",
            "an address, or the file's path in the repository",
            "https://docs.legal-ai-system.com/alerts",
        ),
    ] = "docs/alerts.md"
    exporters: Annotated[
        tuple[Exporter, ...],
        Key(
            "what Prometheus gets metrics from besides gateway and agent; an alert whose exporter "
            "is not named is not made, one that is named and silent alarms",
            f"a list of {', '.join(EXPORTERS)}",
            "kubelet",
        ),
    ] = EXPORTERS
    scrape_seconds: Annotated[
        Seconds,
        Key("how often Prometheus asks gateway and agent for their metrics", _SECONDS, "15"),
    ] = 15
    evaluation_seconds: Annotated[
        Seconds, Key("how often the rules are judged", _SECONDS, "15")
    ] = 15
    group_wait_seconds: Annotated[
        Whole,
        Field(ge=0, le=300),
        Key(
            "how long Alertmanager waits before it tells the agent of a first alert",
            "a whole number of seconds, 0 to 300",
            "0",
        ),
    ] = 0
