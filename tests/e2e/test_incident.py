"""An isolated stack stays isolated, whatever `pulumi up` is asked for; then it is as it was."""

from pathlib import Path

import httpx2
import pytest

from ops import names, web
from tests.e2e import visitor
from tests.e2e.project import STACK, Project

pytestmark = pytest.mark.long


def gets_in(url: str) -> bool:
    """Whether an answer comes from a color."""
    with web.client(url) as client:
        answer: httpx2.Response = client.get("/")
        return names.COLOR_HEADER in answer.headers


def test_no_up_lets_anybody_in_and_a_fix_can_be_deployed_meanwhile(settled: Project) -> None:
    isolate = ("isolate", "stolen keys", "--yes-isolate", STACK)
    settled.script("incident.py", *isolate).ok()
    urls = (settled.url, settled.preview_url("blue"), settled.preview_url("green"))
    try:
        assert [gets_in(url) for url in urls] == [False] * 3
        settled.script("incident.py", *isolate).ok()
        settled.switch("green").failed("stolen keys", "incident.py reopen")
        settled.set("activeColor=blue")
        settled.set("green.replicas=2")
        assert "stolen keys" in settled.up().ok().text
        settled.up("--refresh").failed("isolated since")
        assert [gets_in(url) for url in urls] == [False] * 3
    finally:
        settled.script("incident.py", "reopen").ok()
    settled.up("--refresh").ok()
    settled.switch("green").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")


def test_evidence_killed_and_run_again_is_whole(settled: Project, tmp_path: Path) -> None:
    into = ("evidence", "--into", str(tmp_path / "evidence"))
    settled.env["FAILPOINT"] = "evidence.kept"
    try:
        assert settled.script("incident.py", *into).code == -9
    finally:
        del settled.env["FAILPOINT"]
    settled.script("incident.py", *into).ok()
    found = {str(path.relative_to(tmp_path / "evidence")) for path in tmp_path.rglob("*.*")}
    assert {"database.dump", "objects/Event.json", "objects/Secret.json"} <= found
    assert "jwt" not in (tmp_path / "evidence" / "objects" / "Secret.json").read_text()
    assert any(name.startswith("logs/backend-blue") for name in found)
