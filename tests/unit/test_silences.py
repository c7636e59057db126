"""Silences: they end, they cover their own stack, and never what the agent rolls back by."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from ops.alertmanager import Alertmanager
from ops.alerts.names import ROLLBACK_ALERTS, Alert
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.json_api import Unreachable
from ops.operations import Operations
from ops.silences import MAXIMUM, Matcher, Silence, covers_rollback, may_touch, require_sound
from scripts import silence_alerts
from scripts.console import main
from tests.unit.json_server import JsonServer, json_server
from tests.unit.monitored import monitoring
from tests.unit.test_stack import FACTS

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SILENCES = "/api/v2/silences"


def parsed(*texts: str) -> list[Matcher]:
    return [Matcher.parse(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("severity=warning", Matcher("severity", "warning")),
        ("severity!=critical", Matcher("severity", "critical", is_equal=False)),
        ('alertname=~"Cpu.*|Memory.*"', Matcher("alertname", "Cpu.*|Memory.*", is_regex=True)),
        (" color !~ blue ", Matcher("color", "blue", is_regex=True, is_equal=False)),
        ("service=", Matcher("service", "")),
    ],
)
def test_a_matcher_is_read_as_alertmanager_writes_it(text: str, matcher: Matcher) -> None:
    assert Matcher.parse(text) == matcher
    assert Matcher.parse(str(matcher)) == matcher


@pytest.mark.parametrize("text", ["severity", "=warning", "1x=y", "a=~(", ""])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Matcher.parse(text)


def test_a_regex_has_to_fit_the_whole_value() -> None:
    assert not Matcher.parse("alertname=~Deployment").may_match("DeploymentFailure")
    assert Matcher.parse("alertname!~Deployment").may_match("DeploymentFailure")


@pytest.mark.parametrize(
    "texts",
    [
        ["severity=critical"],
        ["severity=~.+"],
        ["namespace=legal-ai"],
        ["alertname=DeploymentFailure"],
        ["alertname=~.*Latency"],
        ["alertname!=HighErrorRate"],
        ["action=rollback"],
        ["action!=page"],
        ["color=green"],
        ["color!=blue", "severity=critical"],
        ["service=backend"],
    ],
)
def test_what_may_cover_an_alert_for_the_agent_is_refused(texts: list[str]) -> None:
    matchers = parsed(*texts)
    assert covers_rollback(matchers)
    with pytest.raises(Refused, match="action!=rollback"):
        require_sound(matchers, NOW, NOW + timedelta(hours=1), NOW)


@pytest.mark.parametrize(
    "texts",
    [
        ["severity=warning"],
        ["severity=critical", "action!=rollback"],
        ["alertname=HighErrorRate"],
        ["alertname=~High.*|Cpu.*", "severity=~.+"],
        ["alertname!~Deployment.*|Canary.*"],
        ["color=red"],
        ["action="],
    ],
)
def test_what_can_not_cover_one_passes(texts: list[str]) -> None:
    require_sound(parsed(*texts), NOW, NOW + timedelta(hours=1), NOW)


def test_a_regex_that_only_alertmanager_understands_may_cover_everything() -> None:
    foreign = Matcher("alertname", r"\p{Lu}.*", is_regex=True)
    assert covers_rollback([foreign])
    with pytest.raises(UsageError, match="no regular expression"):
        Matcher.parse(str(foreign))


@pytest.mark.parametrize("name", sorted(Alert))
def test_every_alert_can_be_silenced_by_name_but_for_those_of_the_agent(name: Alert) -> None:
    assert covers_rollback(parsed(f"alertname={name}")) == (name in ROLLBACK_ALERTS)


def test_a_silence_has_a_longest_length_from_when_it_is_asked_for() -> None:
    matchers = parsed("severity=warning")
    require_sound(matchers, NOW, NOW + MAXIMUM, NOW)
    require_sound(matchers, NOW + timedelta(days=3), NOW + timedelta(days=3) + MAXIMUM, NOW)
    require_sound(matchers, NOW - timedelta(hours=7), NOW + timedelta(hours=7), NOW)
    with pytest.raises(Refused, match="too long"):
        require_sound(matchers, NOW, NOW + MAXIMUM + timedelta(minutes=1), NOW)


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (-2, -1), (-2, 0)])
def test_a_window_that_is_none_or_is_over_is_refused(start: int, end: int) -> None:
    begin, until = NOW + timedelta(hours=start), NOW + timedelta(hours=end)
    with pytest.raises(UsageError, match="would end"):
        require_sound(parsed("severity=warning"), begin, until, NOW)


def test_only_silences_that_can_reach_a_stack_are_its_business() -> None:
    def touches(*texts: str) -> bool:
        silence = Silence(tuple(parsed(*texts)), NOW, NOW, "somebody", "why")
        return may_touch(silence, "local", "legal-ai")

    assert touches("severity=warning")
    assert touches("namespace=~legal.*")
    assert not touches("namespace=other")
    assert not touches("namespace=legal-ai", "stack=production")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JsonServer]:
    with json_server() as served:
        served.answers[f"GET {SILENCES}"] = 200, []
        served.answers[f"POST {SILENCES}"] = 200, {"silenceID": "made"}
        deployed = Operations.model_validate(FACTS).model_copy(
            update={"monitoring": monitoring(alertmanagerUrl=served.url)}
        )
        monkeypatch.setattr("ops.operations.read", lambda stack: deployed)
        stack = SimpleNamespace(name="organization/legal-ai/local", short_name="local")
        monkeypatch.setattr("ops.stack.Stack.chosen", lambda name: stack)
        yield served


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(*args: str) -> int:
        monkeypatch.setattr(sys, "argv", ["silence_alerts.py", *args])
        with pytest.raises(SystemExit) as ended:
            main(silence_alerts.app)
        return int(ended.value.code or 0)

    return run


def standing(**changes: Any) -> dict[str, Any]:
    matchers = [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in (
            ("severity", "warning"),
            ("namespace", "legal-ai"),
            ("stack", "local"),
        )
    ]
    return {
        "id": "one",
        "status": {"state": "active"},
        "matchers": matchers,
        "startsAt": "2026-11-23T17:00:00.000Z",
        "endsAt": "2026-11-23T19:00:00.000Z",
        "updatedAt": "2026-11-23T17:00:00.000Z",
        "createdBy": "somebody@machine",
        "comment": "release v1.2.0",
        **changes,
    }


CREATE = ("create", "severity=warning", "--comment", "release v1.2.0")


def test_a_silence_covers_its_own_stack_and_ends(
    server: JsonServer, command: Callable[..., int]
) -> None:
    assert command(*CREATE, "--minutes", "120") == 0
    body = server.asked[-1].body
    assert {(m["name"], m["value"]) for m in body["matchers"]} == {
        ("namespace", "legal-ai"),
        ("stack", "local"),
        ("severity", "warning"),
    }
    start, end = (datetime.fromisoformat(body[key]) for key in ("startsAt", "endsAt"))
    assert end - start == timedelta(hours=2)
    assert "id" not in body


def test_the_same_command_again_renews_the_silence_and_makes_no_second_one(
    server: JsonServer, command: Callable[..., int]
) -> None:
    server.answers[f"GET {SILENCES}"] = 200, [standing()]
    assert command(*CREATE, "--minutes", "120") == 0
    body = server.asked[-1].body
    assert body["id"] == "one"
    # Alertmanager makes a new silence when the start of one that is active is changed.
    assert datetime.fromisoformat(body["startsAt"]) == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "other", [{"comment": "another reason"}, {"status": {"state": "expired"}}, {"matchers": []}]
)
def test_another_silence_is_left_alone(
    server: JsonServer, command: Callable[..., int], other: dict[str, Any]
) -> None:
    server.answers[f"GET {SILENCES}"] = 200, [standing(**other)]
    assert command(*CREATE, "--minutes", "120") == 0
    assert "id" not in server.asked[-1].body


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (CREATE, 2),
        ((*CREATE, "--minutes", "120", "--until", "2026-11-23T20:00:00Z"), 2),
        ((*CREATE, "--until", "tomorrow"), 2),
        ((*CREATE, "namespace=other", "--minutes", "5"), 2),
        (("create", "severity=warning", "--comment", " ", "--minutes", "5"), 2),
        (("create", "severity=critical", "--comment", "why", "--minutes", "5"), 1),
        ((*CREATE, "--minutes", "100000"), 1),
    ],
)
def test_nothing_is_sent_before_all_was_checked(
    server: JsonServer, command: Callable[..., int], args: tuple[str, ...], code: int
) -> None:
    assert command(*args) == code
    assert not any(each.method == "POST" for each in server.asked)


def test_a_dry_run_sends_nothing(server: JsonServer, command: Callable[..., int]) -> None:
    server.answers[f"GET {SILENCES}"] = 200, [standing()]
    assert command(*CREATE, "--minutes", "120", "--dry-run") == 0
    assert command("expire", "one", "--dry-run") == 0
    assert {each.method for each in server.asked} == {"GET"}


def test_ending_a_silence_twice_ends_it_once(
    server: JsonServer, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[f"GET {SILENCES}"] = 200, [standing()]
    server.answers["DELETE /api/v2/silence/one"] = 200, ""
    assert command("expire", "one") == 0
    server.answers[f"GET {SILENCES}"] = 200, [standing(status={"state": "expired"})]
    assert command("expire", "one") == 0
    assert sum(each.method == "DELETE" for each in server.asked) == 1
    assert "all have ended" in capsys.readouterr().out


def test_a_silence_that_is_not_there_ends_none_of_the_others(
    server: JsonServer, command: Callable[..., int]
) -> None:
    server.answers[f"GET {SILENCES}"] = 200, [standing()]
    assert command("expire", "one", "two") == 2
    assert {each.method for each in server.asked} == {"GET"}


def test_the_list_points_at_a_silence_that_keeps_the_agent_from_hearing(
    server: JsonServer, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    everything = [{"name": "namespace", "value": ".+", "isRegex": True}]
    server.answers[f"GET {SILENCES}"] = (
        200,
        [
            standing(),
            standing(id="deaf", matchers=everything),
            standing(id="over", status={"state": "expired"}),
            standing(id="theirs", matchers=[{**everything[0], "value": "other", "isRegex": False}]),
        ],
    )
    assert command("list", "--json") == 0
    found = {each["id"]: each for each in json.loads(capsys.readouterr().out)}
    assert set(found) == {"one", "deaf"}
    assert found["deaf"]["coversRollback"]
    assert not found["one"]["coversRollback"]
    assert command("list") == 0
    assert "expire deaf" in capsys.readouterr().out


def test_alerts_of_a_namespace_say_who_silences_them(server: JsonServer) -> None:
    alert = {
        "labels": {"alertname": "HighLatency", "color": str(Color.GREEN)},
        "annotations": {"summary": "green is slow"},
        "startsAt": "2026-11-23T18:00:00.000Z",
        "status": {"state": "suppressed", "silencedBy": ["one"], "inhibitedBy": []},
    }
    server.answers["GET /api/v2/alerts"] = 200, [alert]
    (found,) = Alertmanager(server.url).alerts("legal-ai")
    assert (found.name, found.silenced_by, found.since) == ("HighLatency", ("one",), NOW)
    assert server.asked[-1].params == {"filter": ['namespace="legal-ai"']}


def test_an_error_of_alertmanager_is_told_and_is_no_empty_list(server: JsonServer) -> None:
    server.answers[f"GET {SILENCES}"] = 500, "broken"
    with pytest.raises(CouldNotFindOut):
        Alertmanager(server.url).silences()
    server.answers[f"GET {SILENCES}"] = 500, {"code": 500, "message": "gossip is not ready"}
    with pytest.raises(CouldNotFindOut, match="gossip is not ready"):
        Alertmanager(server.url).silences()
    server.answers[f"GET {SILENCES}"] = 200, {"kind": "Status"}
    with pytest.raises(Unreachable, match=r"alerts\.alertmanagerUrl"):
        Alertmanager(server.url).silences()
