"""Where Prometheus and Alertmanager are for who can't reach them as pods do: a laptop, CI."""

from __future__ import annotations

from typing import Annotated

import typer

PrometheusOption = Annotated[
    str | None,
    typer.Option("--prometheus", metavar="URL", help="default: alerts.prometheusUrl"),
]
AlertmanagerOption = Annotated[
    str | None,
    typer.Option("--alertmanager", metavar="URL", help="default: alerts.alertmanagerUrl"),
]
