"""Connections to the database: how many both colors may open, and how many an instance takes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.settings.application import ServiceSettings
from ops.color import Color

POOL_SIZE: Final = "SQLALCHEMY_POOL_SIZE"
MAX_OVERFLOW: Final = "SQLALCHEMY_MAX_OVERFLOW"
PROCESSES: Final = "WEB_CONCURRENCY"
USUAL: Final = {POOL_SIZE: 10, MAX_OVERFLOW: 20, PROCESSES: 1}
"""What the application does where its environment says nothing: the runbook's pool, one process."""

RESERVED: Final = 20
"""5 that PostgreSQL and RDS keep for superusers, the migrations', and backups, scripts, people."""

MOST: Final = 5000
BYTES_EACH: Final = 9_531_392
"""max_connections is LEAST({DBInstanceClassMemory/9531392}, 5000);
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections"""
_GIB: Final = 2**30
_TAKEN_BYTES: Final = 256 * 2**20
_TAKEN_PERCENT: Final = 5
"""DBInstanceClassMemory is less than the class's memory, by what the system and RDS' own programs
take; AWS doesn't publish how much, so this is meant to be too much rather than too little."""

_CLASS: Final = re.compile(r"db\.(t3|t4g|m[5-8][a-z]*|r[5-8][a-z]*|x2g)\.([0-9]*[a-z]+)")
_GIB_OF_LARGE: Final = {"t": 8, "m": 8, "r": 16, "x": 32}
"""https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html"""
_LARGES: Final = {
    "micro": 1 / 8,
    "small": 1 / 4,
    "medium": 1 / 2,
    "large": 1,
    "xlarge": 2,
    **{f"{number}xlarge": 2 * number for number in (2, 4, 8, 12, 16, 24)},
}
_LARGEST_T: Final = "2xlarge"


@dataclass(frozen=True)
class Demand:
    """What one service may open at once.

    `colors` are those that it runs in at the same time, `pods` are those of one color, the ones
    that a rollout starts before it ends others included.
    """

    service: str
    colors: int
    pods: int
    processes: int
    pool_size: int
    overflow: int

    @property
    def pools(self) -> int:
        """How many pools of connections there are at once."""
        return self.colors * self.pods * self.processes

    @property
    def connections(self) -> int:
        """The most it may have open at once."""
        return self.pools * (self.pool_size + self.overflow)

    def __str__(self) -> str:
        counted = ((self.colors, "color"), (self.pods, "pod"), (self.processes, "process"))
        several = {"color": "colors", "pod": "pods", "process": "processes"}
        factors = [f"{count} {one if count == 1 else several[one]}" for count, one in counted]
        pool = f"(pool {self.pool_size} + overflow {self.overflow})"
        return f"{self.service} {self.connections} = {' x '.join([*factors, pool])}"


def demand(name: str, service: ServiceSettings, replicas: int) -> Demand:
    """What a service with so many replicas in a color may open. Raises ValueError for no number.

    A rollout may start half as many pods more. Workers run in one color, cron jobs in one pod.
    """
    size, overflow, processes = (
        int(service.env.get(variable, usual)) for variable, usual in USUAL.items()
    )
    return Demand(
        service=name,
        colors=len(Color) if service.kind == "web" else 1,
        pods=min(replicas, 1) if service.kind == "cron" else replicas + -(-replicas // 2),
        processes=processes,
        pool_size=size,
        overflow=overflow,
    )


def capacity(instance_class: str) -> int | None:
    """max_connections of an instance class by AWS' formula, a little less; None: not known here."""
    found = _CLASS.fullmatch(instance_class)
    if found is None or found[2] not in _LARGES:
        return None
    memory = int(_GIB_OF_LARGE[found[1][0]] * _LARGES[found[2]] * _GIB)
    left = memory * (100 - _TAKEN_PERCENT) // 100 - _TAKEN_BYTES
    return min(left // BYTES_EACH, MOST)


def larger(instance_class: str) -> Iterator[str]:
    """The larger classes of the same family, smallest first."""
    family, _, size = instance_class.rpartition(".")
    sizes = list(_LARGES)
    last = _LARGEST_T if family.startswith("db.t") else sizes[-1]
    yield from (f"{family}.{each}" for each in sizes[sizes.index(size) + 1 : sizes.index(last) + 1])
