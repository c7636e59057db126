"""Issue 4 of the runbook, by the logs: requests that waited for a connection and got none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ops.cluster import LogWish
from ops.diagnosis.cause import Cause, Weight

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.color import Color

AREA: Final = "slowness"
SINCE_SECONDS: Final = 3600
SHOWN: Final = 5
USED_UP: Final = re.compile(
    r"QueuePool limit of size|connection pool (is |was )?exhausted|couldn't get a connection after",
    re.I,
)
"""As SQLAlchemy says it, and psycopg's own pool."""


def look(cluster: Cluster, colors: Iterable[Color]) -> Iterator[Cause]:
    """A cause for each service of a color whose pool was used up in the last hour.

    Raises CouldNotFindOut.
    """
    for color in colors:
        found: dict[str, list[str]] = {}
        for pod in cluster.list("Pod", {"color": str(color)}):
            service = str((pod["metadata"].get("labels") or {}).get("app", ""))
            lines = list(_lines(cluster, pod["metadata"]["name"], pod["spec"]["containers"]))
            if lines:
                found.setdefault(service, []).extend(lines[-SHOWN:])
        for service, lines in found.items():
            yield Cause(
                AREA,
                Weight.BAD,
                f"{color}: requests to {service} got no connection to the database, its pool is "
                "used up",
                "if statements are slow or transactions stay open (this diagnosis says so), mend "
                f"those first; else `pulumi config set --path services.{service}.env."
                "SQLALCHEMY_POOL_SIZE MORE && pulumi up`, or more replicas. All such lines: "
                f'`scripts/logs.py {color} --since 1h --grep "QueuePool|connection pool"`',
                tuple(lines[-SHOWN:]),
            )


def _lines(cluster: Cluster, pod: str, containers: Iterable[dict[str, object]]) -> Iterator[str]:
    wish = LogWish(since_seconds=SINCE_SECONDS)
    for container in containers:
        for line in cluster.log_lines(pod, str(container["name"]), wish):
            if USED_UP.search(line):
                yield f"{pod}: {line.strip()}"
