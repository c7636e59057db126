"""Panels as Grafana's dashboard JSON has them (schema version 39, Grafana 11).

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops.body import Body
from ops.dashboards.site import Lines, Site

SCHEMA_VERSION: Final = 39
WIDTH: Final = 24
"""Columns of Grafana's grid."""
HEIGHT: Final = 7
LONGEST_UID: Final = 40
"""https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/#identifier-id-vs-unique-identifier-uid"""
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
"""The Prometheus that is chosen at the top: its name differs from Grafana to Grafana."""


@dataclass(frozen=True)
class Panel:
    """One panel: `queries` by legend, all in one `unit` of Grafana's (percent, percentunit, s …).

    `lines` are drawn where it gets unusual and where it alarms; `above` is the good side with
    lines that warn of too little. `color` is the one of blue and green that it is about.
    """

    title: str
    queries: dict[str, str]
    unit: str
    description: str
    lines: Lines | None = None
    above: bool = False
    color: str = ""
    kind: str = "timeseries"


def dashboard(site: Site, name: str, title: str, rows: Sequence[Sequence[Panel]]) -> Body:
    """A dashboard whose rows share the width evenly."""
    panels: list[Body] = []
    for y, row in enumerate(rows):
        width = WIDTH // len(row)
        for x, panel in enumerate(row):
            place = {"h": HEIGHT, "w": width, "x": x * width, "y": y * HEIGHT}
            panels.append(_body(panel, len(panels) + 1, place))
    return {
        "uid": _uid(name, site.namespace),
        "title": f"{title} ({site.stack})",
        "tags": ["legal-ai", site.stack],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_source_variable()]},
        "annotations": {"list": []},
        "links": [_link("legal-ai")],
        "panels": panels,
    }


def _uid(name: str, namespace: str) -> str:
    """Unique in a Grafana that several stacks share, and the same each time."""
    uid = f"{name}-{namespace}"
    if len(uid) <= LONGEST_UID:
        return uid
    return f"{name}-{hashlib.sha256(namespace.encode()).hexdigest()[:16]}"


def _body(panel: Panel, number: int, place: Body) -> Body:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend,
            }
            for at, (legend, query) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _defaults(panel: Panel) -> Body:
    defaults: Body = {"unit": panel.unit, "min": 0, "noValue": "no data"}
    if panel.lines is not None:
        defaults["thresholds"] = {"mode": "absolute", "steps": _steps(panel.lines, panel.above)}
        # Both colors' panels reach to the line at least, so that they can be compared by eye.
        defaults["custom"] = {
            "thresholdsStyle": {"mode": "line"},
            "axisSoftMax": panel.lines.alert,
        }
    if panel.color:
        defaults["color"] = {"mode": "shades", "fixedColor": panel.color}
    return defaults


def _steps(lines: Lines, above: bool) -> list[Body]:
    """Colors from a value on; the first one from the start."""
    if above:
        return [{"color": "red", "value": None}, {"color": "green", "value": lines.alert}]
    steps: list[Body] = [{"color": "green", "value": None}]
    if lines.normal < lines.alert:
        steps.append({"color": "orange", "value": lines.normal})
    return [*steps, {"color": "red", "value": lines.alert}]


def _options(panel: Panel) -> Body:
    if panel.kind == "stat":
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "textMode": "value_and_name", "colorMode": "value"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _source_variable() -> Body:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
        "refresh": 1,
        "current": {},
        "options": [],
    }


def _link(tag: str) -> Body:
    """Leads from each of the dashboards to the others."""
    return {"type": "dashboards", "title": "", "tags": [tag], "asDropdown": False, "keepTime": True}
