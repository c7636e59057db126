"""The checklist of a release: each line stands, whatever can't be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from ops import backups
from ops.checklist import worst
from ops.errors import CouldNotFindOut, UsageError
from ops.preflight.people import ITEMS
from ops.release import preflight
from ops.release.entry import Options, Release
from ops.release.step import Step
from tests.unit.release_world import GREEN
from tests.unit.test_stack import FACTS
from tests.unit.versioned import Versioned

MACHINE = [
    "code",
    "hold",
    "way-back",
    "backups",
    "disk",
    "rules",
    "dashboards",
    "on-call",
    "drift",
    "changelog",
]


class Away:
    """A stack whose outputs are known, and nothing else."""

    name = short_name = "production"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def outputs(self) -> dict[str, Any]:
        return {"operations": FACTS}

    def require_no_drift(self) -> None:
        raise CouldNotFindOut("`pulumi preview` failed")


class NoCluster(Versioned):
    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        raise CouldNotFindOut("the API server does not answer")

    def list(self, kind: str, labels: Any) -> list[dict[str, Any]]:
        raise CouldNotFindOut("the API server does not answer")


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    def no_backups(*_: object) -> None:
        raise UsageError("the store's key is not set")

    monkeypatch.setattr(backups, "connect", no_backups)
    monkeypatch.chdir(tmp_path)
    release = Release(
        id="1",
        version="v2",
        color=GREEN,
        options=Options(checklist=str(tmp_path / "v2.yaml")),
        by="somebody",
        started="2025-10-14T02:00:00Z",
        step=Step.PREFLIGHT,
    )
    (tmp_path / "CHANGELOG.md").write_text("# v2\n\nNew.\n")
    found = preflight.look(cast(Any, Away(tmp_path)), NoCluster(), release, print, None)
    assert worst(found) != "good"
    return {line.name: line.verdict for line in found}


def test_what_can_not_be_asked_is_unknown_and_the_rest_is_looked_at(
    lines: dict[str, str],
) -> None:
    assert list(lines)[: len(MACHINE)] == MACHINE
    unknown = {name for name, verdict in lines.items() if verdict == "unknown"}
    assert unknown == {*MACHINE, "checklist"} - {"on-call", "changelog"}
    assert (lines["changelog"], lines["on-call"]) == ("good", "bad")


def test_a_checklist_that_is_not_there_is_unknown_as_a_whole(lines: dict[str, str]) -> None:
    assert not ITEMS.keys() & lines.keys()
    assert lines["checklist"] == "unknown"
