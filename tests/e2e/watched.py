"""A project that is watched: rules, Alertmanager and agent, with every window shortened."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, TypeVar

from agent.inbox import Entry
from bench.load import Shot
from ops import budget
from ops.agent import INBOX
from ops.cluster import Cluster
from ops.metrics import Prometheus
from ops.operations import parse
from ops.rollback.journal import Journal, Operation, Step
from tests.e2e.faults import failing
from tests.e2e.project import STACK, Project
from tests.waiting import until

PROMETHEUS: Final = "http://127.0.0.1:9090"
T = TypeVar("T")


@dataclass(frozen=True)
class Chain:
    """Seconds from the first failing request to the last one, by who took them."""

    rule: float
    alertmanager: float
    agent: float
    route: float

    @classmethod
    def of(cls, bad: Sequence[Shot], received: datetime, operation: Operation) -> Self:
        """The split of one rollback. Shots are on the monotonic clock, the others on the wall's."""
        offset = time.time() - time.monotonic()
        first, last = bad[0].at + offset, bad[-1].at + offset
        fired, came = _seconds(operation.starts_at), received.timestamp()
        moved = _seconds(operation.times[Step.SEE])
        return cls(fired - first, came - fired, moved - came, last - moved)

    @property
    def whole(self) -> float:
        """From the first failing request to the last."""
        return self.rule + self.alertmanager + self.agent + self.route

    def __str__(self) -> str:
        return (
            f"first to last failing request {self.whole:.2f} s: scrape and rule {self.rule:.2f}, "
            f"Alertmanager {self.alertmanager:.2f}, agent {self.agent:.2f} (webhook received to "
            f"route patched), route {self.route:.2f}"
        )


@dataclass(frozen=True)
class Watched:
    """The project, its cluster as an outsider sees it, and the number of its Redis database."""

    project: Project
    cluster: Cluster
    redis_number: int

    def failing(self, color: str, **faults: float) -> AbstractContextManager[None]:
        """Let a color's backend fail, for the block."""
        return failing(self.redis_number, color, faults)

    def done(self) -> list[Operation]:
        """The rollbacks that have ended, oldest first."""
        return Journal(self.cluster).history()

    def received(self, operation: Operation) -> datetime:
        """When the agent got the webhook that asked for a rollback."""
        found = self.cluster.get("ConfigMap", INBOX) or {}
        return Entry.model_validate_json(found["data"][operation.fingerprint]).accepted_at

    def budget(self, fault: str) -> float:
        """The longest time from that fault to its rollback, by what was deployed."""
        text = self.project.pulumi("stack", "output", "--json", "--show-secrets").ok().text
        facts = parse(json.loads(text), STACK).watched()
        return next(case.seconds for case in budget.cases(facts) if case.fault == fault)

    def await_quiet(self) -> None:
        """Wait until no alert of an earlier test asks for a rollback any more."""
        query = f'ALERTS{{namespace="{self.project.namespace}",action="rollback"}}'
        until(lambda: not Prometheus(PROMETHEUS).vector(query), "alerts of before are over")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
