"""Grafana's dashboards as a ConfigMap, which its sidecar finds by the label `grafana_dashboard`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi

from components.kube import KubeObject
from components.settings import LatencyThreshold, PercentThreshold, Settings
from ops.dashboards import LABEL, Lines, Site, dashboards

NAME: Final = "dashboards"
"""The one that Grafana's chart looks for by default."""


@dataclass
class DashboardsArgs:
    """The stack's short name, its settings, and its namespace once that is there."""

    stack: str
    settings: Settings
    namespace: pulumi.Input[str]


class Dashboards(pulumi.ComponentResource):
    """One ConfigMap with a file for each dashboard."""

    def __init__(
        self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:dashboards:Dashboards", name, None, opts)
        KubeObject(
            name,
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": NAME,
                    "namespace": args.namespace,
                    "labels": {LABEL: "1"},
                },
                "data": dashboards(site(args.stack, args.settings)),
            },
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def site(stack: str, settings: Settings) -> Site:
    """What the dashboards show: the thresholds as they are configured."""
    alerts, backups = settings.alerts, settings.backups
    return Site(
        stack=stack,
        namespace=settings.namespace,
        exporters=frozenset(alerts.exporters),
        errors_share=_lines(alerts.error_rate_percent, over=100),
        p95_seconds=_lines(alerts.p95_milliseconds, over=1000),
        memory_percent=_lines(alerts.memory_percent),
        cpu_percent=_lines(alerts.cpu_percent),
        connections_percent=_lines(alerts.database_connections_percent),
        disk_free_percent=alerts.disk_free_percent,
        replica_lag_seconds=alerts.replica_lag_seconds,
        backup_age_seconds=backups.max_age_minutes * 60,
        proof_age_seconds=backups.verified_within_days * 86_400,
    )


def _lines(threshold: PercentThreshold | LatencyThreshold, over: float = 1) -> Lines:
    return Lines(threshold.normal / over, threshold.alert / over)
