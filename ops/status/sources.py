"""Whom the parts of a status are asked of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import operations
from ops.alertmanager import Alertmanager
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut
from ops.maintenance import SharedRedis
from ops.metrics import Prometheus
from ops.status import lock, public

if TYPE_CHECKING:
    from ops.maintenance import Notice
    from ops.monitoring import MonitoringFacts
    from ops.operations import Operations
    from ops.stack import Stack
    from ops.status.lock import Standing
    from ops.status.public import Served

Known = Callable[[], "Operations"]
"""What was deployed, once it was read; raises what reading it raised."""

MONITORS_SECONDS: Final = 2.0
"""How long one answer of Prometheus or Alertmanager may take: they are the first to be gone."""
_NOT_ASKED: Final = "not asked of Pulumi, since --namespace was given"


@dataclass(frozen=True)
class Sources:
    """Each may raise an OpsError. Those that need to know what was deployed are given it.

    `stack` is its short name, or the namespace where that is all that is known.
    """

    stack: str
    config: Callable[[], Mapping[str, Any]]
    deployed: Callable[[], Operations]
    lock: Callable[[], Standing | None]
    cluster: Callable[[Known], Cluster]
    prometheus: Callable[[Known], Prometheus]
    alertmanager: Callable[[Known], Alertmanager]
    maintenance: Callable[[Known], Notice | None]
    public: Callable[[Known], Served]


@dataclass(frozen=True)
class Servers:
    """Addresses that an operator chose; None: as deployed. Raises UsageError."""

    prometheus: str | None = None
    alertmanager: str | None = None

    def __post_init__(self) -> None:
        if self.prometheus is not None:
            Prometheus(self.prometheus)
        if self.alertmanager is not None:
            Alertmanager(self.alertmanager)


def of_stack(stack: Stack, servers: Servers) -> Sources:
    """By what Pulumi knows of the stack."""
    return Sources(
        stack=stack.short_name,
        config=stack.config,
        deployed=lambda: _deployed(stack),
        lock=lambda: lock.read(stack),
        cluster=lambda known: known().cluster(),
        prometheus=lambda known: Prometheus(
            servers.prometheus or _watched(known).prometheus_url, MONITORS_SECONDS
        ),
        alertmanager=lambda known: Alertmanager(
            servers.alertmanager or _watched(known).alertmanager_url, MONITORS_SECONDS
        ),
        maintenance=lambda known: SharedRedis(known().redis_url).notice(),
        public=lambda known: public.ask(known().public_url),
    )


def of_namespace(namespace: str, context: str | None, servers: Servers) -> Sources:
    """Without Pulumi: what it alone knows is unknown."""

    def unknown() -> Any:
        raise CouldNotFindOut(_NOT_ASKED)

    return Sources(
        stack=namespace,
        config=unknown,
        deployed=unknown,
        lock=unknown,
        cluster=lambda _: Cluster.connect(namespace, context=context),
        prometheus=lambda _: Prometheus(
            _given(servers.prometheus, "--prometheus"), MONITORS_SECONDS
        ),
        alertmanager=lambda _: Alertmanager(
            _given(servers.alertmanager, "--alertmanager"), MONITORS_SECONDS
        ),
        maintenance=lambda known: SharedRedis(known().redis_url).notice(),
        public=lambda known: public.ask(known().public_url),
    )


def _deployed(stack: Stack) -> Operations:
    try:
        return operations.read(stack)
    except CouldNotFindOut as error:
        # Of its own kind: one that asking again won't help stays one.
        raise type(error)(
            f"{error}. With --namespace NAME and --context NAME the cluster is asked without Pulumi"
        ) from error


def _watched(known: Known) -> MonitoringFacts:
    facts = known().watched()
    if facts.delivery == "none":
        raise CouldNotFindOut("the stack is not watched (alerts.delivery is none)")
    return facts


def _given(url: str | None, option: str) -> str:
    if url is None:
        raise CouldNotFindOut(f"{_NOT_ASKED}, and {option} was not")
    return url
