"""Run one replica: `python3 -m agent`. Exit codes: 0 told to end, 2 settings, 3 no cluster."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import uuid
from collections.abc import Callable
from typing import Final

import uvicorn
from prometheus_client import disable_created_metrics

from agent import evidence
from agent.app import Services, make_app
from agent.inbox import Entry, Inbox
from agent.leader import RUNNER, Leader, Parts
from agent.live import Live
from agent.metrics import Metrics
from agent.overview import Sources, cached, gather
from agent.process import Process
from agent.telling import Teller
from ops.agent import NAME, PORT, AgentSettings, read_settings, read_token
from ops.cluster import Cluster
from ops.errors import OpsError
from ops.lease import Lease
from ops.metrics import Prometheus
from ops.notify import Notifier
from ops.rollback.facts import Evidence
from ops.rollback.run import Rollback

log: Final = logging.getLogger("agent")

PORT_VARIABLE: Final = "AGENT_PORT"
ADDRESS_VARIABLE: Final = "AGENT_ADDRESS"
PAGE_SECONDS: Final = 1.0
"""So long a page's facts are shown to everybody else who looks."""
PROMETHEUS_SECONDS: Final = 2.0
"""How long the page waits for each of Prometheus' answers."""


class Replica:
    """Everything that one process consists of."""

    def __init__(self, settings: AgentSettings, token: str, cluster: Cluster) -> None:
        identity = f"{socket.gethostname()}/{uuid.uuid4().hex[:8]}"
        lease = Lease(cluster, NAME, identity, settings.lease_seconds)
        live, inbox = Live(cluster, settings.router), Inbox(cluster)
        self.metrics = Metrics(live, settings.namespace, lambda: lease.is_held)
        teller = Teller(
            settings,
            Notifier(settings.notifications.with_secrets(os.environ), log.info),
            lambda failure: self.metrics.untold.labels(failure.channel).inc(),
        )
        rollback = Rollback(
            cluster,
            settings.router,
            tuple(settings.services),
            log.info,
            settings.ready_seconds,
            runner=f"{RUNNER}{identity}",
            watch=teller.step,
        )
        parts = Parts(
            rollback=rollback,
            inbox=inbox,
            live=live,
            lease=lease,
            teller=teller,
            evidence=_evidence(settings),
            count=lambda color, outcome: self.metrics.rollbacks.labels(color, outcome).inc(),
        )
        self.process = Process(cluster, lease, Leader(parts, settings.window_minutes))
        sources = Sources(
            facts=rollback.facts,
            operations=rollback.done,
            leader=lambda: str(lease.holder() or ""),
            prometheus=_prometheus(settings, PROMETHEUS_SECONDS),
            stack=settings.stack,
            namespace=settings.namespace,
            plot_seconds=60 * settings.plot_minutes,
        )
        services = Services(
            settings=settings,
            token=token,
            inbox=inbox,
            metrics=self.metrics,
            overview=cached(lambda: gather(sources), PAGE_SECONDS),
            wake=self.process.wake,
            problem=lambda: self.process.problem,
        )
        self.app = make_app(services)


def main() -> int:
    """Serve until a signal; returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Ours alone: the HTTP client would log addresses, and Slack's is a secret.
    log.setLevel(logging.INFO)
    # When a counter was made is of no use to anybody here.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    try:
        settings, token = read_settings(), read_token()
        cluster = Cluster.connect(settings.namespace, field_manager=NAME)
    except OpsError as error:
        print(f"the rollback agent can't start: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    replica = Replica(settings, token, cluster)
    server = uvicorn.Server(
        uvicorn.Config(
            replica.app,
            host=os.environ.get(ADDRESS_VARIABLE, "0.0.0.0"),  # noqa: S104 pods are asked by address
            port=int(os.environ.get(PORT_VARIABLE, PORT)),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
    )
    # The server sends itself this signal again after its end, when there is work left to do here.
    signal.signal(signal.SIGTERM, lambda *_: None)
    replica.process.start()
    try:
        server.run()
    finally:
        replica.process.stop()
    return 0


def _evidence(settings: AgentSettings) -> Callable[[list[Entry]], Evidence]:
    prometheus = _prometheus(settings, evidence.TIMEOUT_SECONDS)

    def ask(entries: list[Entry]) -> Evidence:
        return evidence.gather(prometheus, entries, settings.stack, settings.namespace)

    return ask


def _prometheus(settings: AgentSettings, timeout_seconds: float) -> Prometheus | None:
    url = settings.prometheus_url
    return Prometheus(url, timeout_seconds) if url else None


if __name__ == "__main__":
    sys.exit(main())
