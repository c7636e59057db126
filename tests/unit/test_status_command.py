"""`scripts/status.py` as typed: its screen, its exit codes, and what can not be meant."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.stack import Stack
from ops.status.gather import Status
from ops.status.screen import screen
from scripts import status as script
from tests.unit.status_world import BLUE, GREEN, StatusWorld


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> StatusWorld:
    """The only stack that there is."""
    made = StatusWorld()
    monkeypatch.setattr(Stack, "chosen", lambda *_, **__: Stack("production", Path()))
    monkeypatch.setattr(script, "of_stack", lambda *_: made.sources())
    return made


def command(*args: str) -> Any:
    return CliRunner().invoke(script.app, [*args])


def shown(status: Status) -> str:
    """The screen without any color."""
    console = Console(file=io.StringIO(), width=120, no_color=True)
    console.print(screen(status))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def line_of(text: str, name: str) -> str:
    """The screen's line that begins so, its spaces made one."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return next(line for line in lines if line.startswith(name))


def test_a_stack_in_order_ends_with_0(world: StatusWorld) -> None:
    done = command()
    assert done.exit_code == 0, done.output
    assert "in order" in done.stdout.splitlines()[0]


def test_a_difference_ends_with_1_and_names_what_it_is_of(world: StatusWorld) -> None:
    world.cluster.route(GREEN, weight=10)
    done = command()
    assert isinstance(done.exception, Refused)
    assert str(done.exception) == "not in order: traffic of blue, traffic of green"
    assert "≠ 90 %, active" in done.stdout


def test_what_could_not_be_read_ends_with_3_and_the_rest_is_shown(world: StatusWorld) -> None:
    def gone() -> None:
        raise CouldNotFindOut("Prometheus does not answer")

    world.breaks["prometheus"] = gone
    done = command()
    assert isinstance(done.exception, CouldNotFindOut)
    assert "Prometheus does not answer" in done.stdout
    assert line_of(done.stdout, "version") == "version v1 v1 v2 v2"


def test_the_json_says_all_that_the_screen_does(world: StatusWorld) -> None:
    world.hold(BLUE)
    found = json.loads(command("--json").stdout)
    assert (found["stack"], found["verdict"]) == ("production", "bad")
    (hold,) = (each for each in found["lines"] if each["name"] == "hold")
    assert hold["verdict"] == "bad"
    (traffic,) = (
        each for each in found["colors"] if (each["name"], each["color"]) == ("traffic", "green")
    )
    assert traffic["live"] == "100 %, active"
    assert traffic["differs"] is False


def test_watching_asks_anew_each_time_and_ends_well_by_an_interrupt(
    world: StatusWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        world.hold(BLUE)
        if len(paused) == 2:
            raise KeyboardInterrupt

    # Not `time.sleep` itself: threads of rounds that nobody waits for any more use it.
    monkeypatch.setattr(script, "time", SimpleNamespace(sleep=pause))
    done = command("--watch", "--every", "2")
    assert done.exit_code == 0
    assert paused == [2, 2]
    assert "blue is held" in done.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("--watch", "--json"),
        ("--namespace", "legal-ai", "--stack", "production"),
        ("--context", "there"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    world: StatusWorld, args: tuple[str, ...]
) -> None:
    assert isinstance(command(*args).exception, UsageError)


def test_an_address_that_is_none_is_refused_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Stack, "chosen", lambda *_, **__: Stack("production", Path("/nowhere")))
    done = command("--prometheus", "nonsense")
    assert isinstance(done.exception, OpsError)
    assert done.exception.exit_code == 2
    assert "is not the address of Prometheus" in str(done.exception)


def test_each_mark_can_be_read_without_color(world: StatusWorld) -> None:
    world.cluster.ready_at["backend-blue"] = 60
    world.cluster.route(GREEN, weight=10)
    world.prometheus.known = {}
    text = shown(world.status())
    assert "≠ 10 %" in line_of(text, "traffic")
    assert "! 2" in line_of(text, "backend")
    assert line_of(text, "errors") == "errors ? ?"
    assert line_of(text, "BAD backend of blue").endswith("0 of 2 ready: probe failed")
    assert "counters of blue and green are missing" in line_of(text, "? metrics")


def test_what_is_wrong_stands_above_what_is_in_order(world: StatusWorld) -> None:
    world.alertmanager.firing = None
    world.hold(BLUE)
    marks = [line.split()[0] for line in shown(world.status()).splitlines() if line.strip()]
    listed = [mark for mark in marks if mark in {"BAD", "?", "ok"}]
    assert listed[:2] == ["BAD", "?"]
    assert set(listed[2:]) == {"ok"}


def test_lines_with_the_same_reason_are_one(world: StatusWorld) -> None:
    def gone() -> None:
        raise CouldNotFindOut("the bucket does not answer")

    world.breaks["deployed"] = gone
    assert shown(world.status()).count("for want of Pulumi's outputs") == 1


def test_a_digest_is_shortened_on_the_screen_and_whole_in_the_json(world: StatusWorld) -> None:
    digest = "sha256:" + "ab" * 32
    for service in ("backend", "frontend"):
        world.cluster.deploy(service, BLUE, tag="")
        container = world.cluster.objects["Deployment", f"{service}-blue"]["spec"]["template"]
        container["spec"]["containers"][0]["image"] = f"{service}@{digest}"
    world.config["legal-ai:blue"]["version"] = world.deployed["versions"]["blue"] = digest
    status = world.status()
    assert digest not in shown(status)
    assert any(each["live"] == digest for each in status.to_json()["colors"])
