"""The agent killed between any two of its steps: its twin finishes, and nobody is sent astray.

A real API server and real pods; each agent is a process with the rights that the program gives it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from agent.app import FAILPOINT
from agent.leader import FAILPOINTS
from ops import routing
from ops.rollback import attempt
from ops.rollback.attempt import STAYED
from ops.rollback.journal import Step
from tests.integration.agents import BLUE, GREEN, Place, Recorder, place
from tests.waiting import until

MOVING: Final = (FAILPOINT, *FAILPOINTS, *(each for each in attempt.FAILPOINTS if each != STAYED))
REPRESENTATIVE: Final = "rollback.move_done"
NOWHERE: Final = {"nodeSelector": {"legal-ai-system.com/no-such": "node"}}


@pytest.fixture(autouse=True)
def _cluster() -> None:
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG is needed: make up, then source .local/env")


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as made:
        yield made


def tell(made: Place, content: bytes) -> None:
    """Post it as Alertmanager does: again and again until somebody says that it was kept."""
    until(
        lambda: any(agent.post(content) == 200 for agent in made.agents),
        f"somebody takes the webhook\n{made.logs()}",
    )


def finish(made: Place, outcome: str) -> None:
    """Wait until the rollback is over and its alert answered."""
    until(
        lambda: (
            [each.outcome for each in made.done()] == [outcome]
            and all(answer.startswith(outcome) for answer in made.answers())
        ),
        f"one rollback, {outcome}; journal {made.operation()}, {made.answers()}\n{made.logs()}",
    )


def check_safe(made: Place, seen: Recorder) -> None:
    """No request was ever sent to what is not ready, and no work done in both colors."""
    route = made.cluster.get("HTTPRoute", routing.PUBLIC_ROUTE)
    assert route is not None
    assert seen.traffic_to_the_unready(int(route["metadata"]["resourceVersion"])) == []
    assert not seen.both_ran_workers(made.cluster)


def runner_at(made: Place, step: Step) -> str:
    """Who works at the rollback that is at this step, empty if none is."""
    operation = made.operation()
    return operation.runner if operation is not None and operation.step is step else ""


def killed_at(failpoint: str, made: Place) -> None:
    """A leader that dies there, and its twin: one rollback, done whole."""
    seen = Recorder(made.namespace)
    leader = made.start_leader(failpoint)
    made.start()
    tell(made, made.webhook())
    assert leader.process.wait(60) == -signal.SIGKILL, made.logs()
    finish(made, "rolled-back")
    assert made.weights() == {BLUE: 100, GREEN: 0}
    assert made.data("traffic-hold")["color"] == "green"
    assert (made.replicas("worker-blue"), made.replicas("worker-green")) == (1, 0)
    check_safe(made, seen)


def test_a_leader_killed_with_the_route_written_and_not_yet_noted_is_followed_by_its_twin(
    namespace: Place,
) -> None:
    killed_at(REPRESENTATIVE, namespace)


@pytest.mark.long
@pytest.mark.parametrize("failpoint", [each for each in MOVING if each != REPRESENTATIVE])
def test_a_leader_killed_anywhere_is_followed_by_its_twin(namespace: Place, failpoint: str) -> None:
    killed_at(failpoint, namespace)


@pytest.mark.long
def test_a_leader_killed_while_it_gives_up_is_followed_by_its_twin(tmp_path: Path) -> None:
    with place(tmp_path, ready_seconds=2, blue=NOWHERE) as made:
        seen = Recorder(made.namespace)
        leader = made.start_leader(STAYED)
        made.start()
        tell(made, made.webhook())
        assert leader.process.wait(60) == -signal.SIGKILL, made.logs()
        finish(made, "stayed")
        assert made.weights() == {BLUE: 0, GREEN: 100}
        assert made.data("traffic-hold") == {}
        check_safe(made, seen)


@pytest.mark.long
def test_a_leader_that_slept_while_its_twin_went_on_writes_nothing_more(tmp_path: Path) -> None:
    with place(tmp_path, ready_seconds=120, blue=NOWHERE) as made:
        seen = Recorder(made.namespace)
        sleeper = made.start_leader()
        twin = made.start()
        tell(made, made.webhook())
        first = until(lambda: runner_at(made, Step.WAIT), f"it waits\n{made.logs()}")
        os.kill(sleeper.process.pid, signal.SIGSTOP)
        until(
            lambda: runner_at(made, Step.WAIT) not in ("", first),
            f"the twin goes on\n{made.logs()}",
        )
        somewhere = {"spec": {"template": {"spec": {"nodeSelector": None}}}}
        made.cluster.patch("Deployment", "backend-blue", somewhere)
        finish(made, "rolled-back")
        os.kill(sleeper.process.pid, signal.SIGCONT)
        until(
            lambda: "another run has written the journal" in sleeper.log.read_text(),
            f"it sees that it was taken over\n{made.logs()}",
        )
        assert twin.process.poll() is None
        assert [each.runner == first for each in made.done()] == [False]
        check_safe(made, seen)


def test_an_agent_that_is_told_to_end_gives_the_lease_back_at_once(namespace: Place) -> None:
    leader = namespace.start_leader()
    assert leader.stop() == 0
    lease = namespace.cluster.get("Lease", "rollback-agent")
    assert lease is not None
    assert not lease["spec"].get("holderIdentity")


def test_a_hundred_webhooks_in_any_order_to_both_replicas_are_one_rollback(
    namespace: Place,
) -> None:
    seen = Recorder(namespace.namespace)
    agents = [namespace.start_leader(), namespace.start()]
    firing = namespace.webhook()
    over = firing.replace(b'"status": "firing"', b'"status": "resolved"')
    earlier = namespace.webhook().replace(b'"startsAt": "20', b'"startsAt": "19')
    for number in range(100):
        content = earlier if number % 3 == 2 else firing
        assert agents[number % 2].post(content) == 200
    finish(namespace, "rolled-back")
    for agent in agents:
        assert agent.post(over) == 200
        assert agent.post(firing) == 200
    assert agents[0].post(namespace.webhook(color="blue", fingerprint="b1")) == 200
    until(lambda: all(namespace.answers()), f"all are answered\n{namespace.logs()}")
    assert sorted(answer.partition(":")[0] for answer in namespace.answers()) == [
        "paged",
        "rolled-back",
    ]
    assert len(namespace.done()) == 1
    assert namespace.weights() == {BLUE: 100, GREEN: 0}
    check_safe(namespace, seen)
