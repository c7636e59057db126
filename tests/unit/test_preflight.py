"""The checklist: what is good, bad and unknown, and that unknown is not good."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from ops.alerts.names import ROLLBACK_ALERTS
from ops.checklist import Line
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.isolation import Isolation
from ops.metrics import Prometheus
from ops.notify import NotificationFacts
from ops.preflight import code, documents, people, system
from ops.preflight.git_host import GitHost
from ops.preflight.line import line
from tests.unit.json_server import json_server

SHA = "0123456789abcdef0123456789abcdef01234567"
HEAD = "fedcba9876543210fedcba9876543210fedcba98"
"""The last commit of the pull request's branch; what it became on the main one is `SHA`."""
NAMES = {
    "tests": ["backend", "frontend"],
    "lint": ["lint"],
    "types": ["types"],
    "audit": ["pip-audit", "npm-audit"],
    "coverage": ["coverage"],
}
PASSED = ["backend", "frontend", "lint", "types", "pip-audit", "npm-audit"]


class Hub:
    """A Git host with one repository: what it answers by path, and the tokens it was shown."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.tokens: list[str | None] = []
        self.runs([run(name) for name in PASSED] + [run("coverage", title="81.5% of lines")])
        self.answers[f"commits/{SHA}/statuses"] = []
        self.answers[f"commits/{SHA}/pulls"] = [pull(7)]
        self.reviews(("one", "APPROVED"), ("two", "APPROVED"))
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.tokens.append(self.headers["Authorization"])
                parts = urlsplit(self.path)
                found = hub.answers.get(parts.path.removeprefix("/repos/owner/app/"))
                asked = parse_qs(parts.query)
                if "page" in asked:
                    page, size = (int(asked[k][0]) for k in ("page", "per_page"))
                    cut = slice((page - 1) * size, page * size)
                    if isinstance(found, list):
                        found = found[cut]
                    elif found:
                        found = {key: list_[cut] for key, list_ in found.items()}
                body = json.dumps({"message": "Not Found"} if found is None else found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def runs(self, runs: list[dict[str, Any]]) -> None:
        self.answers[f"commits/{SHA}/check-runs"] = {"check_runs": runs}

    def reviews(self, *reviews: tuple[str, str], of: int = 7, commit: str = HEAD) -> None:
        self.answers[f"pulls/{of}/reviews"] = [
            {"user": {"login": who}, "state": state, "commit_id": commit} for who, state in reviews
        ]

    def client(self, repository: str = "owner/app") -> GitHost:
        return GitHost(f"http://127.0.0.1:{self.server.server_port}", repository, "secret-token")

    def judged(self) -> dict[str, Line]:
        return {each.name: each for each in code.look(self.client(), SHA, NAMES)}


def pull(number: int, merged_at: str | None = "2026-01-01") -> dict[str, Any]:
    return {
        "number": number,
        "user": {"login": "author"},
        "merged_at": merged_at,
        "head": {"sha": HEAD},
    }


def run(
    name: str, conclusion: str | None = "success", title: str = "", at: str = "2026-01-01"
) -> dict[str, Any]:
    return {
        "name": name,
        "conclusion": conclusion,
        "output": {"title": title, "summary": None},
        "started_at": at,
    }


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_commit_that_passed_everything_and_was_reviewed_by_two_is_good(hub: Hub) -> None:
    lines = hub.judged()
    assert {name: each.verdict for name, each in lines.items()} == dict.fromkeys(
        ["tests", "lint", "types", "audit", "coverage", "approvals"], "good"
    )
    assert set(hub.tokens) == {"Bearer secret-token"}


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", "skipped"])
def test_a_check_that_did_not_succeed_is_bad_and_named(hub: Hub, conclusion: str) -> None:
    hub.runs([run(name) for name in PASSED if name != "lint"] + [run("lint", conclusion)])
    assert hub.judged()["lint"].verdict == "bad"
    assert f"check lint ended with {conclusion}" in hub.judged()["lint"].detail


def test_a_check_that_is_running_or_missing_is_unknown(hub: Hub) -> None:
    hub.runs([run("lint", None)])
    lines = hub.judged()
    assert lines["lint"].verdict == "unknown"
    assert "still running" in lines["lint"].detail
    assert lines["tests"].verdict == "unknown"
    assert "no check backend, frontend (it has: lint)" in lines["tests"].detail


def test_of_a_check_that_ran_twice_the_later_run_counts(hub: Hub) -> None:
    rest = [run(name) for name in PASSED if name != "lint"]
    hub.runs([run("lint", "success", at="2026-01-02"), run("lint", "failure"), *rest])
    assert hub.judged()["lint"].verdict == "good"


@pytest.mark.parametrize("is_annotated", [False, True])
def test_a_versions_commit_is_the_one_that_its_tag_stands_for(hub: Hub, is_annotated: bool) -> None:
    commit = {"object": {"type": "commit", "sha": SHA}}
    annotated = {"object": {"type": "tag", "sha": "7a6"}}
    hub.answers["git/ref/tags/v1.2.0"] = annotated if is_annotated else commit
    hub.answers["git/tags/7a6"] = commit
    assert hub.client().commit("v1.2.0") == SHA


def test_a_version_without_a_tag_is_unknown_and_says_to_push_it(hub: Hub) -> None:
    with pytest.raises(CouldNotFindOut, match=r"is v1\.2\.0 tagged and pushed"):
        hub.client().commit("v1.2.0")


def test_checks_beyond_the_first_page_are_seen(hub: Hub) -> None:
    hub.runs([run(f"other {n}") for n in range(130)] + [run(name) for name in PASSED])
    assert hub.judged()["tests"].verdict == "good"


def test_a_commit_status_counts_as_a_check(hub: Hub) -> None:
    hub.runs([run(name) for name in PASSED])
    status = {"context": "coverage", "state": "success", "created_at": "2026-01-01"}
    hub.answers[f"commits/{SHA}/statuses"] = [{**status, "description": "90.1% covered"}]
    assert hub.judged()["coverage"].detail == "coverage 90.1 %"


@pytest.mark.parametrize(
    ("title", "verdict"),
    [("80%", "good"), ("79.99%", "bad"), ("fine", "unknown")],
)
def test_coverage_is_judged_at_eighty_percent_and_unknown_without_a_number(
    hub: Hub, title: str, verdict: str
) -> None:
    hub.runs([run("coverage", title=title)])
    assert hub.judged()["coverage"].verdict == verdict


@pytest.mark.parametrize(
    "reviews",
    [
        [("one", "APPROVED")],
        [("one", "APPROVED"), ("one", "APPROVED")],
        [("one", "APPROVED"), ("author", "APPROVED")],
        [("one", "APPROVED"), ("two", "APPROVED"), ("two", "CHANGES_REQUESTED")],
        [("one", "APPROVED"), ("two", "APPROVED"), ("two", "DISMISSED")],
        [("one", "APPROVED"), ("two", "COMMENTED")],
    ],
)
def test_fewer_than_two_other_people_who_approve_now_is_bad(
    hub: Hub, reviews: list[tuple[str, str]]
) -> None:
    hub.reviews(*reviews)
    assert hub.judged()["approvals"].verdict == "bad"


def test_a_comment_after_an_approval_leaves_it(hub: Hub) -> None:
    hub.reviews(("one", "APPROVED"), ("two", "APPROVED"), ("two", "COMMENTED"))
    assert hub.judged()["approvals"].detail == "by one, two"


@pytest.mark.parametrize("pulls", [[], [pull(7, merged_at=None)]])
def test_a_commit_without_a_merged_pull_request_is_unknown(
    hub: Hub, pulls: list[dict[str, Any]]
) -> None:
    hub.answers[f"commits/{SHA}/pulls"] = pulls
    assert hub.judged()["approvals"].verdict == "unknown"
    assert "tag the merge's commit" in hub.judged()["approvals"].detail


def test_approvals_of_two_pull_requests_are_not_added_up(hub: Hub) -> None:
    hub.answers[f"commits/{SHA}/pulls"] = [pull(7), pull(8)]
    hub.reviews(("one", "APPROVED"))
    hub.reviews(("two", "APPROVED"), of=8)
    assert hub.judged()["approvals"].verdict == "bad"
    hub.reviews(("two", "APPROVED"), ("three", "APPROVED"), of=8)
    assert hub.judged()["approvals"].detail == "by three, two"


def test_an_approval_of_an_earlier_state_of_the_branch_does_not_count(hub: Hub) -> None:
    hub.reviews(("one", "APPROVED"), ("two", "APPROVED"), commit="0" * 40)
    assert hub.judged()["approvals"].verdict == "bad"
    assert "is approved by nobody" in hub.judged()["approvals"].detail


def test_a_wrong_repository_is_unknown_and_says_where_it_is_set(hub: Hub) -> None:
    lines = code.look(hub.client("owner/other"), SHA, NAMES)
    assert {each.verdict for each in lines} == {"unknown"}
    assert "release.repository" in lines[0].detail
    assert "secret-token" not in "".join(each.detail for each in lines)


def test_a_gate_for_which_no_check_is_named_is_unknown(hub: Hub) -> None:
    lines = {each.name: each for each in code.look(hub.client(), SHA, {**NAMES, "types": []})}
    assert lines["types"].verdict == "unknown"
    assert "release.checks.types" in lines["types"].detail


def test_an_error_of_usage_is_unknown_and_no_other_exception_is_swallowed() -> None:
    def wrong() -> str:
        raise UsageError("no such key")

    def bug() -> str:
        raise KeyError("bug")

    assert line("x", wrong) == Line("x", "unknown", "no such key")
    with pytest.raises(KeyError):
        line("x", bug)


def test_a_release_does_not_begin_while_the_public_is_shut_out() -> None:
    assert system.public_gets_in(None) == "nobody shut the public out"
    with pytest.raises(Refused, match=r"a breach. `scripts/incident.py reopen` ends it"):
        system.public_gets_in(Isolation("a breach", "2026-01-01T12:00:00Z", "somebody"))


def alert(name: str, namespace: str = "legal-ai", **more: str) -> dict[str, Any]:
    labels = {"namespace": namespace, "severity": "critical"}
    return {"type": "alerting", "name": name, "labels": labels, "health": "ok", **more}


def rules_judged(loaded: list[dict[str, Any]], weights: int = 2) -> Line:
    """By a Prometheus that has these rules, and so many colors' weights."""
    with json_server() as prometheus:
        record = {"type": "recording", "name": "legal_ai:errors:ratio", "health": "ok"}
        data: dict[str, Any] = {"groups": [{"rules": [record]}, {"rules": loaded}]}
        prometheus.answers["GET /api/v1/rules"] = 200, {"status": "success", "data": data}
        result = [{"metric": {}, "value": [1, "50"]}] * weights
        found = {"status": "success", "data": {"resultType": "vector", "result": result}}
        prometheus.answers["POST /api/v1/query"] = 200, found
        asked = Prometheus(prometheus.url)
        return line("rules", lambda: system.rules_are_loaded(asked, "legal-ai"))


LOADED = [alert(name) for name in [*ROLLBACK_ALERTS, "NoData", "DiskLow"]]


def test_rules_are_good_where_this_stacks_alerts_are_loaded_and_fed() -> None:
    judged = rules_judged(LOADED)
    assert judged.verdict == "good", judged
    assert judged.detail == "6 alerts are loaded; the weights of 2 colors are recorded"


@pytest.mark.parametrize(
    ("loaded", "weights", "said"),
    [
        ([], 2, "no alert CanaryFailure, CanaryLatency, DeploymentFailure"),
        ([one for one in LOADED if one["name"] != "DeploymentFailure"], 2, "DeploymentFailure for"),
        ([*LOADED[:-2], alert("NoData", "other")], 2, "no alert NoData for legal-ai"),
        ([*LOADED, alert("CpuHigh", health="err", lastError="many-to-many")], 2, "many-to-many"),
        (LOADED, 0, "the agent is not scraped"),
    ],
)
def test_rules_that_would_roll_nothing_back_are_bad(
    loaded: list[dict[str, Any]], weights: int, said: str
) -> None:
    judged = rules_judged(loaded, weights)
    assert (judged.verdict, said in judged.detail) == ("bad", True), judged


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (NotificationFacts(), "nobody is named"),
        (NotificationFacts(on_call="team"), "team is named, and no channel reaches anybody"),
        (NotificationFacts(on_call="team", status_page="https://s.test"), "no channel reaches"),
        (NotificationFacts(webhook=SecretStr("https://w.test")), "nobody is named"),
    ],
)
def test_who_is_on_call_has_a_name_and_a_channel_in_production_and_need_not_elsewhere(
    facts: NotificationFacts, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        system.somebody_is_on_call(facts, "production")
    assert system.somebody_is_on_call(facts, "staging") == "staging wakes nobody, and need not"


def test_who_is_on_call_is_told_with_the_channels_that_reach_people() -> None:
    facts = NotificationFacts(
        on_call="team",
        status_page="https://s.test",
        pager_duty_key=SecretStr("key"),
        webhook=SecretStr("https://w.test"),
    )
    for environment in ("production", "staging"):
        told = system.somebody_is_on_call(facts, environment)
        assert told == "team, by PagerDuty, webhook"


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("# Changes\n\n## v1.2.0\n\n- new\n", True),
        ("## [1.2.0] - 2026-01-01\n\n### Added\n\n- new\n", True),
        ("## v1.2.0\n\n## v1.1.0\n\n- old\n", False),
        ("## v1.2.01\n\n- other\n", False),
        ("## v1.2.0.1\n\n- other\n", False),
        ("v1.2.0 is named, with no heading\n", False),
    ],
)
def test_the_changelog_has_the_version_when_it_has_a_heading_with_notes(
    tmp_path: Path, text: str, is_there: bool
) -> None:
    file = tmp_path / "CHANGELOG.md"
    file.write_text(text)
    judged = line("changelog", lambda: documents.changelog_has(file, "v1.2.0"))
    assert judged.verdict == ("good" if is_there else "bad")


def test_a_variable_that_the_example_lacks_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env.example"
    file.write_text("# comment\nDATABASE_URL=\nexport REDIS_URL=x\n#OPTIONAL=1\n")
    wanted = ["DATABASE_URL", "REDIS_URL", "OPTIONAL"]
    assert documents.example_covers(file, wanted).endswith("names all 3 variables")
    with pytest.raises(Refused, match="lacks JWT_SECRET"):
        documents.example_covers(file, [*wanted, "JWT_SECRET"])


def test_a_document_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    judged = line("changelog", lambda: documents.changelog_has(tmp_path / "no", "v1"))
    assert judged.verdict == "unknown"


def test_a_fresh_checklist_is_unknown_and_each_tick_makes_one_line_good(tmp_path: Path) -> None:
    file = tmp_path / "v1.yaml"
    people.written(file, "v1")
    assert {each.verdict for each in people.judge(file, "v1")} == {"unknown"}
    file.write_text(file.read_text().replace("by: ''", "by: somebody"))
    assert [each.name for each in people.judge(file, "v1")] == list(people.ITEMS)
    assert {each.verdict for each in people.judge(file, "v1")} == {"good"}


def test_a_checklist_with_ticks_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "v1.yaml"
    file.write_text("ticked")
    with pytest.raises(UsageError, match="is there already"):
        people.written(file, "v1")
    assert file.read_text() == "ticked"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: v2\nitems: {}\n", "checklist of v2"),
        ("version: v1\nitems: {windw: {by: me}}\n", "not known: windw"),
        ("version: v1\nitems: {window: {bye: me}}\n", "items.window.bye"),
        ("- 1\n", "no checklist"),
    ],
)
def test_a_checklist_of_another_version_or_with_unknown_items_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "v1.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        people.judge(file, "v1")


def test_a_missing_checklist_is_unknown_and_says_what_makes_it(tmp_path: Path) -> None:
    (only,) = people.judge(tmp_path / "v1.yaml", "v1")
    assert only.verdict == "unknown"
    assert "--write-checklist" in only.detail
