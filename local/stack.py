"""What every part is given: the places, the report, and what kind of node this machine can be."""

import functools
import os
from dataclasses import dataclass
from enum import StrEnum

from local.addresses import LOOPBACK, NODE_ADDRESS
from local.api import Api
from local.places import Places
from local.report import Report


class NodeKind(StrEnum):
    """How pods run."""

    CONTAINERS = "containers"
    SIMULATED = "simulated"


@dataclass(frozen=True)
class Stack:
    """One clone's local stack."""

    places: Places
    report: Report

    @property
    def node(self) -> NodeKind:
        """The kind that `decide_node` settled on; containers before that."""
        try:
            return NodeKind((self.places.run / "node").read_text().strip())
        except (FileNotFoundError, ValueError):
            return NodeKind.CONTAINERS

    def decide_node(self, kind: NodeKind) -> None:
        """Remember the kind of node until the next stop."""
        (self.places.run / "node").write_text(kind.value + "\n")

    @property
    def node_network(self) -> bool:
        """Whether this machine has the bridge with NODE_ADDRESS."""
        return self.node is NodeKind.CONTAINERS

    @property
    def listen_addresses(self) -> list[str]:
        """Where services that pods use listen."""
        return [LOOPBACK, NODE_ADDRESS] if self.node_network else [LOOPBACK]

    @functools.cached_property
    def api(self) -> Api:
        """The API server, with full rights."""
        return Api(self.places.credentials)

    def environment(self) -> dict[str, str]:
        """Return the environment for daemons: ours, less what only concerns this command."""
        dropped = {"PYTHONDONTWRITEBYTECODE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV"}
        kept = {key: value for key, value in os.environ.items() if key not in dropped}
        path = [
            str(self.places.bin),
            "/usr/sbin",
            "/usr/bin",
            "/sbin",
            "/bin",
            kept.get("PATH", ""),
        ]
        return kept | {"PATH": ":".join(path)}
