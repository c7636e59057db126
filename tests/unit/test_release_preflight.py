"""The checklist of a version: each line stands, whatever can't be asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from ops import backups
from ops.checklist import Line, worst
from ops.errors import CouldNotFindOut, UsageError
from ops.preflight import looking, people, staging
from ops.preflight.names import NAMES
from ops.preflight.people import ITEMS
from ops.release import preflight
from ops.release.entry import Options
from tests.releases import a_release
from tests.unit.json_server import json_server
from tests.unit.release_world import GREEN
from tests.unit.test_stack import FACTS
from tests.unit.versioned import Versioned

MACHINE = [
    "code",
    "hold",
    "isolation",
    "way-back",
    "backups",
    "disk",
    "rules",
    "dashboards",
    "on-call",
    "drift",
    "migrations",
    "changelog",
]
Lines = Callable[..., dict[str, Line]]


class Away:
    """A stack whose outputs are known, and nothing else."""

    name = short_name = "production"

    def __init__(
        self, folder: Path, release: dict[str, Any] | None = None, environment: str = "local"
    ) -> None:
        self.folder = folder
        self.facts = {"release": release or {}, "environment": environment}

    def outputs(self) -> dict[str, Any]:
        return {"operations": {**FACTS, **self.facts}}

    def config(self) -> dict[str, Any]:
        return {"legal-ai:green": {"version": "v1"}}

    def require_no_drift(self) -> None:
        raise CouldNotFindOut("`pulumi preview` failed")


class NoCluster(Versioned):
    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        raise CouldNotFindOut("the API server does not answer")

    def list(self, kind: str, labels: Any) -> list[dict[str, Any]]:
        raise CouldNotFindOut("the API server does not answer")


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The lines of a release on a stack of which `release` is configured, by name."""

    def no_backups(*_: object) -> None:
        raise UsageError("the store's key is not set")

    def look(environment: str = "production", **release: Any) -> dict[str, Line]:
        stack = cast(Any, Away(tmp_path, release, environment))
        found = preflight.look(stack, NoCluster(), wanted, print, None)
        assert worst(found) != "good"
        assert len({line.name for line in found}) == len(found)
        assert {line.name for line in found} <= set(NAMES)
        return {line.name: line for line in found}

    monkeypatch.setattr(backups, "connect", no_backups)
    monkeypatch.chdir(tmp_path)
    wanted = a_release(options=Options(checklist=str(tmp_path / "v2.yaml")))
    (tmp_path / "CHANGELOG.md").write_text("# v2\n\nNew.\n")
    return look


def test_what_can_not_be_asked_is_unknown_and_the_rest_is_looked_at(lines: Lines) -> None:
    found = lines()
    assert list(found)[: len(MACHINE)] == MACHINE
    unknown = {name for name, line in found.items() if line.verdict == "unknown"}
    assert unknown == {*MACHINE, "checklist"} - {"on-call", "changelog"}
    assert (found["changelog"].verdict, found["on-call"].verdict) == ("good", "bad")


def test_a_checklist_that_is_not_there_is_unknown_as_a_whole(lines: Lines) -> None:
    found = lines()
    assert not ITEMS.keys() & found.keys()
    assert found["checklist"].verdict == "unknown"


def test_a_file_of_another_version_is_refused_before_anything_is_asked(
    lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people.written(tmp_path / "v2.yaml", "v3")
    with pytest.raises(UsageError, match="checklist of v3"):
        lines()
    assert "looking at" not in capsys.readouterr().out


def test_people_are_asked_only_what_no_machine_is_told_how_to_look_at(
    lines: Lines, tmp_path: Path
) -> None:
    people.written(tmp_path / "v2.yaml", "v2")
    assert lines()["environment-example"].detail.startswith("nobody ticked it")
    (tmp_path / ".env.example").write_text("JWT_SECRET=\n")
    known = {"environmentExample": ".env.example", "variables": ["JWT_SECRET", "REDIS_URL"]}
    found = lines(**known)["environment-example"]
    assert (found.verdict, "lacks REDIS_URL" in found.detail) == ("bad", True)


def test_a_tick_for_staging_does_not_stand_for_the_look_at_it(
    lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.written(tmp_path / "v2.yaml", "v2")
    ticked = (tmp_path / "v2.yaml").read_text().replace("by: ''", "by: somebody")
    (tmp_path / "v2.yaml").write_text(ticked)
    assert lines()["staging"].verdict == "good"

    def away(*_: object) -> None:
        raise CouldNotFindOut("staging does not answer")

    monkeypatch.setattr(staging, "passed", away)
    assert lines(stagingStack="staging")["staging"] == Line(
        "staging", "unknown", "staging does not answer"
    )


@pytest.mark.parametrize("environment", ["staging", "local"])
def test_what_can_only_be_seen_to_after_staging_is_asked_in_production_alone(
    lines: Lines, tmp_path: Path, environment: str
) -> None:
    people.written(tmp_path / "v2.yaml", "v2")
    assert ITEMS.keys() - lines(environment).keys() == {"staging", "approval"}
    assert ITEMS.keys() <= lines("production").keys()
    assert "staging" in lines(environment, stagingStack="another"), "who names one is answered"


@pytest.mark.parametrize("environment", ["staging", "local"])
def test_somebody_has_to_be_on_call_in_production_alone(lines: Lines, environment: str) -> None:
    assert lines(environment)["on-call"].verdict == "good"
    assert lines("production")["on-call"].verdict == "bad"


def test_with_a_git_host_its_gates_stand_where_the_line_code_stood(lines: Lines) -> None:
    base = "GET /repos/owner/app"
    with json_server() as hub:
        hub.answers[f"{base}/git/ref/tags/v2"] = (404, {"message": "Not Found"})
        configured = {"repository": "owner/app", "gitHost": hub.url, "token": "t0ken"}
        assert "tagged and pushed" in lines(**configured)["code"].detail
        hub.answers |= {
            f"{base}/git/ref/tags/v2": (200, {"object": {"type": "commit", "sha": "abc"}}),
            f"{base}/commits/abc/check-runs": (
                200,
                {"check_runs": [{"name": "ci", "conclusion": "success", "started_at": "1"}]},
            ),
            f"{base}/commits/abc/statuses": (200, []),
            f"{base}/commits/abc/pulls": (200, []),
        }
        found = lines(**configured, checks={"tests": ["ci"]})
        assert {asked.authorization for asked in hub.asked} == {"Bearer t0ken"}
    assert "code" not in found
    assert found["tests"].verdict == "good"
    assert {found[name].verdict for name in ("lint", "coverage", "approvals")} == {"unknown"}


def test_where_no_staging_is_configured_nothing_is_compared_after_the_deployment(
    tmp_path: Path,
) -> None:
    stack = cast(Any, Away(tmp_path))
    assert looking.deployed(stack, NoCluster(), GREEN, "v2") == []
    stack = cast(Any, Away(tmp_path, {"stagingStack": "staging"}))
    (line,) = looking.deployed(stack, NoCluster(), GREEN, "v2")
    assert (line.name, line.verdict) == ("digests", "unknown")
