"""A rollback without Pulumi: people are told, and the public is looked at, by the agent's settings.

What can't be read there hinders nothing.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import agent, share
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut
from ops.rollback import known
from ops.rollback.known import Known
from ops.share import Answer
from scripts.emergency_rollback import app
from tests.unit.agent_world import SETTINGS
from tests.unit.receiver import Receiver, receiver
from tests.unit.rollback_cluster import BLUE, Body, RollbackCluster


class Knowing(RollbackCluster):
    """With an agent's settings; `broken` kinds of object can't be read."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.asked_before_the_move = False

    def knows(self, **secrets: str) -> None:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in secrets.items()}
        config = {agent.SETTINGS_KEY: SETTINGS.to_json()}
        self.put("ConfigMap", agent.NAME, {"metadata": {}, "data": config})
        self.put("Secret", agent.NAME, {"metadata": {}, "data": encoded})

    def get(self, kind: str, name: str) -> Body | None:
        if name == agent.NAME:
            self.asked_before_the_move |= self.weights != {BLUE: 100}
            self.gate.wait()
            if kind in self.broken:
                raise self.broken[kind]
        return super().get(kind, name)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Knowing:
    made = Knowing()
    monkeypatch.setattr(Cluster, "connect", lambda *_args, **_more: made)
    return made


@pytest.fixture
def somebody() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture(autouse=True)
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked; blue answers everywhere."""
    urls: list[str] = []

    def ask(url: str, _: object, count: int, _beat: object) -> list[Answer]:
        urls.append(url)
        return [Answer(200, "blue", "blue")] * count

    monkeypatch.setattr(share, "ask", ask)
    return urls


def roll_back() -> Any:
    done = CliRunner().invoke(app, ["--namespace", "legal-ai", "--reason", "wrong totals"])
    assert done.exit_code == 0, done.output
    return done


def test_without_pulumi_people_are_told_and_the_public_is_looked_at(
    cluster: Knowing, somebody: Receiver, looked_at: list[str]
) -> None:
    cluster.knows(SLACK_WEBHOOK=somebody.url)
    roll_back()
    assert cluster.weights == {BLUE: 100}
    assert not cluster.asked_before_the_move
    assert set(looked_at) == {SETTINGS.public_url}
    (message,) = somebody.told
    assert "green was rolled back to blue" in str(message)
    assert "wrong totals" in str(message)


def test_people_are_told_what_was_seen_after_the_move(
    cluster: Knowing, somebody: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.rollback.steps.SEE_SECONDS", -1.0)
    monkeypatch.setattr(share, "ask", lambda *_: [Answer(503, "blue", "blue")])
    cluster.knows(SLACK_WEBHOOK=somebody.url)
    done = roll_back()
    assert "look at this: the route was written, but an answer of blue has status 503" in (
        " ".join(done.output.split())
    )
    assert "status 503" in str(somebody.told[0])


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_what_cant_be_read_is_said_and_hinders_nothing(cluster: Knowing, kind: str) -> None:
    cluster.knows()
    cluster.broken[kind] = CouldNotFindOut("the API server answered 403")
    done = roll_back()
    assert cluster.weights == {BLUE: 100}
    assert "could not be read: the API server answered 403. Tell people yourself" in " ".join(
        done.output.split()
    )


def test_without_the_secret_the_public_is_looked_at_all_the_same(
    cluster: Knowing, looked_at: list[str]
) -> None:
    cluster.knows()
    cluster.broken["Secret"] = CouldNotFindOut("no")
    roll_back()
    assert set(looked_at) == {SETTINGS.public_url}


def test_where_no_agent_is_deployed_that_is_said(cluster: Knowing, looked_at: list[str]) -> None:
    assert "no rollback agent is deployed" in " ".join(roll_back().output.split())
    assert looked_at == []


def test_settings_and_secrets_that_make_no_sense_hinder_nothing_and_are_not_shown(
    cluster: Knowing,
) -> None:
    said: list[str] = []
    cluster.knows()
    cluster.objects["Secret", agent.NAME]["data"] = {"SLACK_WEBHOOK": "c2VjcmV0c"}
    assert known.read(cluster, said.append).public_url == SETTINGS.public_url
    cluster.objects["ConfigMap", agent.NAME]["data"] = None
    assert known.read(cluster, said.append) == Known()
    assert len(said) == 2
    assert "c2VjcmV0" not in " ".join(said)


def test_nobody_waits_for_what_does_not_answer(cluster: Knowing) -> None:
    said: list[str] = []
    cluster.gate.clear()
    assert known.read(cluster, said.append, seconds=0.0) == Known()
    cluster.gate.set()
    assert "no answer within 0 s" in said[0]
