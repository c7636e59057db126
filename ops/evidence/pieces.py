"""What is taken, in the order in which it is lost: logs, events, objects, the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ops import logs
from ops.backups import programs, streams
from ops.cluster import LogWish
from ops.database import Address, connect, one
from ops.errors import CouldNotFindOut
from ops.logs import Chosen, Source

if TYPE_CHECKING:
    from ops.backups.engine import Say
    from ops.cluster import Cluster
    from ops.evidence.folder import Take

KINDS: Final = (
    "Pod",
    "Deployment",
    "ReplicaSet",
    "CronJob",
    "Job",
    "ConfigMap",
    "Secret",
    "Service",
    "HTTPRoute",
    "Ingress",
    "NetworkPolicy",
    "ResourceQuota",
    "Lease",
)
DATABASE: Final = "database.dump"


@dataclass(frozen=True)
class Piece:
    """One file of the evidence."""

    name: str
    take: Take


def of_logs(cluster: Cluster, since_seconds: int | None) -> Iterator[Piece]:
    """Every container's log, and that of its run before. Raises CouldNotFindOut."""
    for source in logs.sources(cluster, Chosen()):
        yield _log(cluster, source, LogWish(since_seconds=since_seconds))
        if source.run:
            before = Source(source.pod, source.container, source.run - 1)
            yield _log(cluster, before, LogWish(previous=True))


def of_objects(cluster: Cluster) -> Iterator[Piece]:
    """The namespace's events and objects; of Secrets the names of what they hold, no values."""
    for kind in ("Event", *KINDS):
        yield Piece(f"objects/{kind}.json", lambda file, kind=kind: _objects(cluster, kind, file))  # type: ignore[misc]


def of_database(address: Address, say: Say) -> Piece:
    """The database, as `pg_restore` reads it."""
    return Piece(DATABASE, lambda file: _dump(address, file, say))


def without_values(secret: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret with the names of what it holds, and how long each is."""
    metadata = {k: v for k, v in secret["metadata"].items() if k != "annotations"}
    data = {key: f"left out, {len(text)} characters in base64" for key, text in _held(secret)}
    rest = {k: v for k, v in secret.items() if k not in {"data", "stringData", "metadata"}}
    return {**rest, "metadata": metadata, "data": data}


def _held(secret: Mapping[str, Any]) -> list[tuple[str, str]]:
    return list((secret.get("data") or {}).items())


def _log(cluster: Cluster, source: Source, wish: LogWish) -> Piece:
    """Named by the container's run: of another run there is another file."""

    def take(file: BinaryIO) -> None:
        for line in logs.read(cluster, source, wish):
            file.write(f"{line.at} {line.line}\n".encode())

    return Piece(f"logs/{source.pod}/{source.container}.{source.run}.log", take)


def _objects(cluster: Cluster, kind: str, file: BinaryIO) -> None:
    found = cluster.list_if_known(kind)
    shown = [without_values(each) for each in found] if kind == "Secret" else found
    file.write(json.dumps(shown, indent=2, default=str).encode())


def _dump(address: Address, file: BinaryIO, say: Say) -> None:
    with connect(address, application_name="legal-ai-evidence") as connection:
        major = connection.info.server_version // 10000
        size = int(one(connection, "SELECT pg_database_size(current_database())"))
    program = programs.find("pg_dump", major)
    argv = [program.path, "--format=custom", "--no-password"]
    progress = streams.Progress(say, "dumped", size)
    with programs.running(argv, address.environment(), take=True) as pg_dump:
        streams.pump(pg_dump.stdout, [file], progress)
        pg_dump.finish(CouldNotFindOut)
