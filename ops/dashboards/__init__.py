"""Grafana's dashboards as code: both colors side by side, and what they share. Pure."""

from __future__ import annotations

import json
from typing import Final

from ops.body import Body
from ops.dashboards.colors import colors
from ops.dashboards.shared import shared
from ops.dashboards.site import Lines, Site

__all__ = ["LABEL", "Lines", "Site", "dashboards"]

LABEL: Final = "grafana_dashboard"
"""By which Grafana's sidecar finds them, with the value 1."""


def dashboards(site: Site) -> dict[str, str]:
    """The dashboards of a stack by file name, each as JSON that Grafana reads from a file."""
    made = {"legal-ai-colors": colors(site), "legal-ai-shared": shared(site)}
    return {f"{name}.json": _text(body) for name, body in made.items()}


def _text(body: Body) -> str:
    """The same dashboard gives the same text: an unchanged one is no change for Pulumi."""
    return json.dumps(body, indent=1, sort_keys=True) + "\n"
