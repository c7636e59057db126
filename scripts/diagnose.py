#!/usr/bin/env python3
"""Look for what is wrong, as the runbook's troubleshooting does: pods, errors, migration, slowness.

Example: scripts/diagnose.py pods --color green

Says what was found, what shows it, and the command that mends it. Changes nothing. Ends with 0 when
nothing was found, 1 when something is wrong, 3 when something could not be looked at.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import live, operations
from ops.cluster import Cluster
from ops.color import Color
from ops.database import connect
from ops.diagnosis import errors, latency, migration, missing, pods, pool, reported, slowness
from ops.diagnosis.cause import Cause, enforce, looked, text
from ops.diagnosis.counted import Counted
from ops.errors import UsageError
from ops.metrics import Prometheus
from ops.operations import Operations
from ops.stack import Stack
from scripts.console import JsonOption, StackOption, application, main, say, show
from scripts.servers import PrometheusOption

app = application(__doc__)
AREAS = ("pods", "errors", "migration", "slowness")


@app.command(help=__doc__)
def run(
    areas: Annotated[
        list[str] | None, typer.Argument(metavar="[AREA]...", help=f"of {', '.join(AREAS)}; all")
    ] = None,
    stack: StackOption = None,
    color: Annotated[Color | None, typer.Option("--color", help="this color only")] = None,
    prometheus: PrometheusOption = None,
    as_json: JsonOption = False,
) -> None:
    """See the text above."""
    wanted = areas or list(AREAS)
    if unknown := [area for area in wanted if area not in AREAS]:
        raise UsageError(f"no such area: {', '.join(unknown)}; there are {', '.join(AREAS)}")
    facts = operations.read(Stack.chosen(stack)).reached_by(prometheus, None)
    colors = [each for each in facts.versions if color in {None, each}]
    if not colors:
        there = ", ".join(facts.versions) or "no color"
        raise UsageError(
            f"{f'--color {color}: it' if color else 'nothing'} is not deployed; {there} is. "
            f"`pulumi config set --path {color or 'blue'}.version VERSION && pulumi up` deploys it"
        )
    cluster = facts.cluster()
    cluster.require_access()
    looks = _looks(facts, cluster, colors)
    causes: list[Cause] = []
    for area in wanted:
        say(f"looking at {area}")
        for mend, look in looks[area]:
            causes += looked(area, mend, look)
    show([asdict(cause) for cause in causes], as_json=as_json, text=text(causes))
    enforce(causes)


_Look = tuple[str, Callable[[], Iterable[Cause]]]


def _looks(
    facts: Operations, cluster: Cluster, colors: list[Color]
) -> Mapping[str, tuple[_Look, ...]]:
    """What is looked at for each area, with what helps where that fails."""
    cluster_first = "reach the cluster first: KUBECONFIG, or legal-ai's kubernetes:context"
    metrics_first = "reach Prometheus first: `alerts.prometheusUrl`, or --prometheus URL"
    database_first = "reach the database first: `database.adminUrl`"
    sentry_first = "reach Sentry first: `release.sentry.url` and its token"
    images = {each: facts.images[each] for each in colors if each in facts.images}
    versions = {each: facts.versions[each] for each in colors}
    return {
        "pods": (
            (cluster_first, lambda: pods.look(cluster, colors)),
            (cluster_first, lambda: missing.look(cluster, colors)),
        ),
        "errors": (
            (metrics_first, lambda: _errors(facts, cluster, colors)),
            (sentry_first, lambda: reported.look(facts.release.sentry, versions)),
        ),
        "migration": (
            (cluster_first, lambda: migration.look_in_cluster(cluster, images)),
            (database_first, lambda: _in_database(facts, migration.look_in_database)),
        ),
        "slowness": (
            (metrics_first, lambda: _latency(facts, cluster, colors)),
            (database_first, lambda: _in_database(facts, slowness.look)),
            (cluster_first, lambda: pool.look(cluster, colors)),
        ),
    }


def _errors(facts: Operations, cluster: Cluster, colors: list[Color]) -> Iterator[Cause]:
    limit = facts.watched().thresholds.error_rate_percent.alert
    return errors.look(_counted(facts, cluster), cluster, colors, errors_percent=limit)


def _latency(facts: Operations, cluster: Cluster, colors: list[Color]) -> Iterator[Cause]:
    limit = facts.watched().thresholds.p95_milliseconds.alert
    return latency.look(_counted(facts, cluster), colors, p95_milliseconds=limit)


def _counted(facts: Operations, cluster: Cluster) -> Counted:
    route = live.whichever(cluster)
    weights = route.traffic.weights if route else {}
    return Counted(Prometheus(facts.watched().prometheus_url), facts.namespace, weights)


def _in_database(facts: Operations, look: Callable[..., Iterable[Cause]]) -> list[Cause]:
    with connect(facts.database.administrator, application_name="legal-ai-diagnose") as connection:
        return list(look(connection))


if __name__ == "__main__":
    main(app)
