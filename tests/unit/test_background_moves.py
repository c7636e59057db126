"""Where background services run, and when they may move: against a cluster kept in memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ops import background, names, routing
from ops.background import Runner
from ops.background_moves import Facts, Move, await_stopped, hand_over, judge, judge_hold, let_go
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.gate import Gate, Plan
from ops.hold import Hold
from ops.state import LiveTraffic
from ops.verdict import Severity
from tests.unit.test_routing import SITE, split

BLUE, GREEN = Color.BLUE, Color.GREEN
HOLD_GREEN = Hold(GREEN, BLUE, "errors", "now", "agent")
ENDING = {"conditions": [{"type": "FailureTarget", "status": "True"}]}
ENDED = {"conditions": [{"type": "Complete", "status": "True"}]}


class Objects(Cluster):
    """Objects by kind and name. `on_list` lets time pass: it is called before each look."""

    def __init__(self) -> None:
        self.namespace = "legal-ai"
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.on_list: Callable[[], None] = lambda: None

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        return self.objects.get((kind, name))

    def list(self, kind: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        self.on_list()
        return [
            body
            for (each, _), body in self.objects.items()
            if each == kind and labels.items() <= body["metadata"]["labels"].items()
        ]

    def patch_status(self, kind: str, name: str, status: dict[str, Any]) -> None:
        self.objects[(kind, name)].setdefault("status", {}).update(status)

    def add(
        self, kind: str, name: str, *, replicas: str = "1", status: Any = None, **spec: Any
    ) -> None:
        service, color = name.split("-")[:2]
        labels = {names.KIND: "worker" if service == "worker" else "cron", "color": color}
        notes = {names.REPLICAS: replicas}
        self.objects[(kind, name)] = {
            "metadata": {"name": name, "labels": labels, "annotations": notes},
            "spec": spec,
            "status": status or {},
        }

    def remove(self, kind: str, name: str) -> None:
        self.objects.pop((kind, name), None)

    def route(self, active: Color) -> None:
        self.objects[("HTTPRoute", "legal-ai")] = routing.public_route(SITE, split(active))

    def hold(self, hold: Hold) -> None:
        self.objects[("ConfigMap", names.HOLD)] = {"data": hold.to_data()}


@pytest.fixture
def cluster() -> Objects:
    """Blue is active and runs a worker and a cron job; green stands by."""
    made = Objects()
    made.route(BLUE)
    for color in Color:
        made.add("Deployment", f"worker-{color}", replicas="2", spec={})
        made.add("CronJob", f"digest-{color}")
    scale(made, BLUE, on=True)
    scale(made, GREEN, on=False)
    return made


def scale(cluster: Objects, color: Color, *, on: bool) -> None:
    cluster.objects[("Deployment", f"worker-{color}")]["spec"] = {"replicas": 2 if on else 0}
    cluster.objects[("CronJob", f"digest-{color}")]["spec"] = {"suspend": not on}
    if on:
        cluster.add("Pod", f"worker-{color}-1", terminationGracePeriodSeconds=20)


def gate(cluster: Objects, active: Color) -> Gate:
    plan = Plan(
        site=SITE,
        router="gateway-api",
        split=split(active),
        wanted={},
        public_url="http://legal-ai.localhost",
        preview_urls={},
        smoke_paths=(),
        share_paths=(),
    )
    return Gate(lambda: cluster, plan, lambda _: None)


def told(cluster: Objects) -> dict[Color, list[str]]:
    return {c: [str(each) for each in found] for c, found in background.running(cluster).items()}


# Who runs them.


def test_the_color_that_asks_for_pods_or_has_some_runs_them(cluster: Objects) -> None:
    assert told(cluster) == {
        BLUE: ["Deployment worker-blue", "CronJob digest-blue", "Pod worker-blue-1"],
        GREEN: [],
    }


@pytest.mark.parametrize(
    ("kind", "name", "rest"),
    [
        ("Pod", "worker-green-1", {"status": {"phase": "Running"}}),
        ("Pod", "worker-green-1", {}),
        ("Pod", "digest-green-1", {"status": {"phase": "Pending"}}),
        ("Job", "digest-green-1", {"status": {"active": 1}}),
        ("Job", "digest-green-1", {}),
        ("Job", "digest-green-1", {"status": ENDING}),
        ("Deployment", "worker-green", {"replicas": "1"}),
        ("CronJob", "digest-green", {"suspend": False}),
    ],
)
def test_a_color_runs_them_while_anything_is_left_or_could_start(
    cluster: Objects, kind: str, name: str, rest: dict[str, Any]
) -> None:
    cluster.add(kind, name, **rest)
    assert told(cluster)[GREEN] == [f"{kind} {name}"]


@pytest.mark.parametrize(
    ("kind", "name", "status"),
    [
        ("Pod", "digest-green-1", {"phase": "Succeeded"}),
        ("Pod", "digest-green-1", {"phase": "Failed"}),
        ("Job", "digest-green-1", ENDED),
        ("Job", "digest-green-1", {"conditions": [{"type": "Failed", "status": "True"}]}),
    ],
)
def test_what_has_ended_does_not_count(
    cluster: Objects, kind: str, name: str, status: dict[str, Any]
) -> None:
    cluster.add(kind, name, status=status)
    assert told(cluster)[GREEN] == []


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ([], False),
        ([{"type": "SuccessCriteriaMet", "status": "True"}], False),
        ([{"type": "FailureTarget", "status": "True"}], False),
        ([{"type": "Complete", "status": "True"}], True),
        ([{"type": "Failed", "status": "True"}], True),
        ([{"type": "Failed", "status": "False"}], False),
    ],
)
def test_a_job_has_ended_only_when_kubernetes_says_so_for_good(
    conditions: list[dict[str, str]], wanted: bool
) -> None:
    assert background.has_ended({"status": {"conditions": conditions}}) is wanted


def test_a_pod_that_is_ending_still_counts_because_it_still_works(cluster: Objects) -> None:
    cluster.add("Pod", "worker-green-1", status={"phase": "Running"})
    cluster.objects[("Pod", "worker-green-1")]["metadata"]["deletionTimestamp"] = "now"
    assert told(cluster)[GREEN] == ["Pod worker-green-1"]


def test_an_object_of_no_color_is_not_taken_for_none(cluster: Objects) -> None:
    cluster.add("Pod", "worker-red-1")
    with pytest.raises(CouldNotFindOut, match="Pod worker-red-1 has the label"):
        background.running(cluster)


RUNS = [Runner("Deployment", "worker-blue", BLUE, starts=True)]


@pytest.mark.parametrize(
    ("found", "is_wanted", "problem"),
    [
        ({BLUE: RUNS, GREEN: []}, True, ""),
        ({BLUE: [], GREEN: RUNS}, True, ""),
        ({BLUE: RUNS, GREEN: RUNS}, True, "both colors run background services"),
        ({BLUE: [], GREEN: []}, True, "no color runs"),
        ({BLUE: [], GREEN: []}, False, ""),
    ],
)
def test_exactly_one_color_is_good_and_none_only_where_nothing_is_to_run(
    found: dict[Color, list[Runner]], is_wanted: bool, problem: str
) -> None:
    findings = background.judge(found, is_wanted=is_wanted)
    assert len(findings) == (1 if problem else 0)
    assert problem in str([str(each) for each in findings])


def test_whether_anything_is_to_run_is_read_from_the_objects(cluster: Objects) -> None:
    assert background.wanted(cluster)
    for (kind, _), body in cluster.objects.items():
        if kind in ("Deployment", "CronJob"):
            body["metadata"]["annotations"][names.REPLICAS] = "0"
    assert not background.wanted(cluster)
    assert not background.wanted(Objects())


# The rule.

START, STOP = (
    Move("Deployment", "worker", GREEN, runs=True),
    Move("Deployment", "worker", BLUE, runs=False),
)


def facts(live: Color | None, **other: Any) -> Facts:
    """Configuration wants green; the worker of blue runs."""
    traffic = LiveTraffic({live: 100}, live, 0) if live else None
    known: dict[str, Any] = {
        "active": GREEN,
        "live": traffic,
        "hold": None,
        "is_verified": True,
        "runs_now": True,
    }
    return Facts(**(known | other))


@pytest.mark.parametrize("move", [START, STOP])
def test_they_move_when_the_live_route_has_moved_and_was_verified(move: Move) -> None:
    assert judge(move, facts(GREEN)) == []


@pytest.mark.parametrize("move", [START, STOP])
def test_none_moves_before_the_traffic(move: Move) -> None:
    (finding,) = judge(move, facts(BLUE))
    assert finding.severity is Severity.REFUSED
    assert "blue is the active color of the live route" in finding.reason


@pytest.mark.parametrize("move", [START, STOP])
def test_none_moves_while_the_traffic_is_not_verified(move: Move) -> None:
    (finding,) = judge(move, facts(GREEN, is_verified=False))
    assert "not yet seen" in finding.reason


@pytest.mark.parametrize("move", [START, STOP])
@pytest.mark.parametrize("traffic", [None, LiveTraffic({GREEN: 100}, None, 0)])
def test_none_moves_where_the_route_does_not_say_who_is_active(
    move: Move, traffic: LiveTraffic | None
) -> None:
    (finding,) = judge(move, replace(facts(GREEN), live=traffic))
    assert finding.severity is Severity.UNKNOWN


def test_a_color_that_is_held_starts_none_and_the_reason_names_the_way_out() -> None:
    (finding,) = judge(START, facts(GREEN, hold=HOLD_GREEN))
    assert "green is held" in finding.reason
    assert "legal-ai:activeColor=blue" in finding.mend


def test_what_a_rollback_relies_on_is_not_stopped_by_a_configuration_that_lags_behind() -> None:
    (finding,) = judge(STOP, facts(BLUE, hold=HOLD_GREEN))
    assert "worker-blue can't stop: green is held" in finding.reason


def test_a_hold_does_not_keep_the_color_that_it_moved_traffic_to_from_starting() -> None:
    start = Move("Deployment", "worker", BLUE, runs=True)
    assert judge(start, facts(BLUE, active=BLUE, hold=HOLD_GREEN)) == []


def test_what_does_not_run_may_be_changed_whoever_is_active() -> None:
    assert judge(STOP, facts(BLUE, hold=HOLD_GREEN, runs_now=False)) == []


def test_the_active_color_may_be_told_to_run_none() -> None:
    assert judge(STOP, facts(BLUE, active=BLUE)) == []


@pytest.mark.parametrize(("hold", "expected"), [(None, 0), (HOLD_GREEN, 1)])
def test_a_preview_asks_for_the_hold_alone_since_the_route_moves_later(
    hold: Hold | None, expected: int
) -> None:
    assert len(judge_hold(START, facts(BLUE, hold=hold))) == expected


def test_a_preview_does_not_warn_of_a_hold_where_the_active_color_is_told_to_run_none() -> None:
    assert judge_hold(STOP, facts(BLUE, active=BLUE, hold=HOLD_GREEN)) == []


# The order of acts.


def test_a_start_waits_until_the_other_colors_last_pod_is_gone(cluster: Objects) -> None:
    cluster.route(GREEN)
    scale(cluster, BLUE, on=False)
    looks: list[int] = []

    def end() -> None:
        looks.append(1)
        if len(looks) > 15:
            cluster.remove("Pod", "worker-blue-1")

    cluster.on_list = end
    let_go(gate(cluster, GREEN), START)
    assert told(cluster)[BLUE] == []
    assert len(looks) > 15


def test_a_start_is_refused_at_once_while_the_other_color_makes_new_pods(cluster: Objects) -> None:
    cluster.route(GREEN)
    with pytest.raises(Refused, match="kubectl scale deployment worker-blue --replicas=0"):
        let_go(gate(cluster, GREEN), START)


def test_a_start_is_refused_when_what_is_left_does_not_end(cluster: Objects) -> None:
    cluster.route(GREEN)
    scale(cluster, BLUE, on=False)
    cluster.remove("Pod", "worker-blue-1")
    cluster.add("Job", "digest-blue-1", status={"active": 1})
    with pytest.raises(Refused, match="kubectl delete job digest-blue-1"):
        await_stopped(cluster, BLUE, margin_seconds=0)


def test_pods_have_their_grace_period_before_a_start_is_refused(
    cluster: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(cluster, BLUE, on=False)
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.append(now.pop() + seconds))
    with pytest.raises(Refused, match="Pod worker-blue-1"):
        await_stopped(cluster, BLUE, margin_seconds=10)
    assert 30 < now[0] < 31


def test_a_rollback_that_comes_in_while_a_start_waits_wins(cluster: Objects) -> None:
    cluster.route(GREEN)
    scale(cluster, BLUE, on=False)

    def rollback() -> None:
        cluster.hold(HOLD_GREEN)
        cluster.remove("Pod", "worker-blue-1")

    cluster.on_list = rollback
    with pytest.raises(Refused, match="green is held"):
        let_go(gate(cluster, GREEN), START)


def test_a_stop_waits_for_nobody(cluster: Objects) -> None:
    cluster.route(GREEN)
    scale(cluster, GREEN, on=True)
    let_go(gate(cluster, GREEN), STOP)


def test_a_stop_of_what_somebody_else_started_is_judged_by_what_runs_now(cluster: Objects) -> None:
    cluster.hold(HOLD_GREEN)
    with pytest.raises(Refused, match="worker-blue can't stop"):
        let_go(gate(cluster, GREEN), STOP)
    scale(cluster, BLUE, on=False)
    let_go(gate(cluster, GREEN), STOP)


def test_while_a_check_is_outstanding_nothing_moves(cluster: Objects) -> None:
    cluster.route(GREEN)
    scale(cluster, BLUE, on=False)
    cluster.objects[("ConfigMap", names.UNVERIFIED)] = {"data": {}}
    with pytest.raises(Refused, match="not yet seen"):
        let_go(gate(cluster, GREEN), START)


THREE, FOUR = "2026-01-01T03:00:00Z", "2026-01-01T04:00:00Z"


@pytest.mark.parametrize(
    ("theirs", "mine", "expected"),
    [(FOUR, THREE, FOUR), (FOUR, "", FOUR), (THREE, FOUR, FOUR), ("", THREE, THREE), ("", "", "")],
)
def test_a_run_that_the_other_color_did_is_not_done_again(
    cluster: Objects, theirs: str, mine: str, expected: str
) -> None:
    for color, last in ((BLUE, theirs), (GREEN, mine)):
        cluster.objects[("CronJob", f"digest-{color}")]["status"] = (
            {"lastScheduleTime": last} if last else {}
        )
    hand_over(cluster, "digest", GREEN)
    status = cluster.objects[("CronJob", "digest-green")]["status"]
    assert status.get("lastScheduleTime", "") == expected


def test_starting_a_cron_job_hands_the_schedule_over_and_starting_a_worker_does_not(
    cluster: Objects,
) -> None:
    cluster.route(GREEN)
    scale(cluster, BLUE, on=False)
    cluster.remove("Pod", "worker-blue-1")
    cluster.objects[("CronJob", "digest-blue")]["status"] = {"lastScheduleTime": FOUR}
    let_go(gate(cluster, GREEN), START)
    assert cluster.objects[("CronJob", "digest-green")]["status"] == {}
    let_go(gate(cluster, GREEN), Move("CronJob", "digest", GREEN, runs=True))
    status = cluster.objects[("CronJob", "digest-green")]["status"]
    assert status == {"lastScheduleTime": FOUR}


def test_a_cron_job_that_is_not_there_yet_has_nothing_to_take_over(cluster: Objects) -> None:
    cluster.objects[("CronJob", "digest-blue")]["status"] = {"lastScheduleTime": FOUR}
    cluster.remove("CronJob", "digest-green")
    hand_over(cluster, "digest", GREEN)
    cluster.remove("CronJob", "digest-blue")
    hand_over(cluster, "digest", GREEN)
