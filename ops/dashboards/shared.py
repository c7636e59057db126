"""What both colors stand on: the database and its backups; and the agent, alerts and the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.alerts import series
from ops.body import Body
from ops.dashboards.panels import Panel, dashboard
from ops.dashboards.site import Lines

if TYPE_CHECKING:
    from ops.dashboards.site import Site


def shared(site: Site) -> Body:
    """The dashboard of what both colors share."""
    rows = [_now(site), _backups(site), _agent(site)]
    if stores := _stores(site):
        rows.insert(1, stores)
    return dashboard(site, "legal-ai-shared", "Legal AI: what both colors share", rows)


def _now(site: Site) -> list[Panel]:
    firing = f'ALERTS{{namespace="{site.namespace}",stack="{site.stack}",alertstate="firing"}}'
    weight = series.query(series.ROUTE_WEIGHT, site.namespace)
    hold = series.query("legal_ai_hold", site.namespace)
    return [
        Panel(
            "Alerts that fire",
            {"{{alertname}} {{color}}": f"sum by (alertname, color) ({firing})"},
            "short",
            "What each means, and what to do first, is in docs/alerts.md.",
        ),
        Panel(
            "Traffic",
            {"{{color}}": weight},
            "percent",
            "Percent of the public's requests, by the live route.",
        ),
        Panel(
            "Held",
            {"{{color}}": f"max by (color) ({hold})"},
            "short",
            "1: the color was rolled back, and gets no traffic until somebody acknowledges it.",
        ),
    ]


def _stores(site: Site) -> list[Panel]:
    panels = []
    if "postgres" in site.exporters:
        used = series.query(series.DATABASE_CONNECTIONS_PERCENT, site.namespace)
        lag = series.query(series.REPLICA_LAG, site.namespace)
        panels += [
            Panel(
                "Database connections",
                {"in use": used},
                "percent",
                "Of max_connections.",
                lines=site.connections_percent,
            ),
            Panel(
                "Replica lag",
                {"behind": lag},
                "s",
                "How far the read replica is behind; empty where there is none.",
                lines=_at(site.replica_lag_seconds),
            ),
        ]
    if "disk" in site.exporters:
        free = series.query(series.DISK_FREE_PERCENT, site.namespace)
        panels.append(
            Panel(
                "Free disk",
                {"free": free},
                "percent",
                "Of the database's storage.",
                lines=_at(site.disk_free_percent),
                above=True,
            )
        )
    return panels


def _backups(site: Site) -> list[Panel]:
    def age(kind: str) -> str:
        times = f'legal_ai_backup_timestamp_seconds{{namespace="{site.namespace}",kind="{kind}"}}'
        return f"time() - max({times})"

    return [
        Panel(
            "Age of the newest backup",
            {"taken by a script": age("taken")},
            "s",
            "What AWS Backup takes by itself is watched there.",
            lines=_at(site.backup_age_seconds),
        ),
        Panel(
            "Age of the last proof",
            {"restored and checked": age("verified")},
            "s",
            "Since a backup was last proven by a restore.",
            lines=_at(site.proof_age_seconds),
        ),
    ]


def _agent(site: Site) -> list[Panel]:
    def own(metric: str) -> str:
        return f'{metric}{{namespace="{site.namespace}"}}'

    return [
        Panel(
            "Agents that lead",
            {"leaders": f"sum({own('legal_ai_agent_leader')})"},
            "short",
            "1 at all times, but for seconds when one takes over.",
        ),
        Panel(
            "Webhooks",
            {"{{verdict}}": f"sum by (verdict) (increase({own('legal_ai_webhooks_total')}[5m]))"},
            "short",
            "What the agent made of what it was sent, in five minutes.",
        ),
        Panel(
            "Rollbacks",
            {
                "{{color}} {{outcome}}": (
                    f"sum by (color, outcome) (increase({own('legal_ai_rollbacks_total')}[1h]))"
                )
            },
            "short",
            "Colors that traffic was taken from, in an hour.",
        ),
    ]


def _at(value: float) -> Lines:
    return Lines(value, value)
