"""The truth table of the gate: facts in, findings out, nothing read and nothing changed."""

import dataclasses

import pytest

from ops import schema
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.hold import Hold
from ops.state import LiveTraffic, Replica, WorkloadState
from ops.verdict import (
    ColorState,
    Finding,
    RouteChange,
    Severity,
    Unjudged,
    WorkloadChange,
    enforce,
    judge_color,
    judge_hold,
    judge_route,
    judge_schema,
    judge_workload,
)

BLUE, GREEN = Color.BLUE, Color.GREEN
V1, V2 = "app:v1", "app:v2"


def workload(
    name: str = "backend-green",
    *,
    image: str = V2,
    desired: int = 2,
    updated: int | None = None,
    available: int | None = None,
    observed: bool = True,
    replicas: tuple[Replica, ...] | None = None,
) -> WorkloadState:
    return WorkloadState(
        name=name,
        image=image,
        desired=desired,
        updated=desired if updated is None else updated,
        available=desired if available is None else available,
        is_observed=observed,
        replicas=(
            tuple(Replica(f"{name}-{i}", image, ready=True) for i in range(desired))
            if replicas is None
            else replicas
        ),
    )


def color(state: WorkloadState | None, name: str = "backend-green", image: str = V2) -> ColorState:
    return ColorState(wanted={name: image}, workloads={name: state})


READY = {
    BLUE: color(workload("backend-blue", image=V1), "backend-blue", V1),
    GREEN: color(workload()),
}
BROKEN_GREEN = {BLUE: READY[BLUE], GREEN: color(workload(available=0, replicas=()))}


def change(active: Color, weight: int = 0, serial: int = 0) -> RouteChange:
    return RouteChange(active, weight, serial, {active: 100 - weight, active.other: weight})


def live(active: Color, weight: int = 0, serial: int = 0) -> LiveTraffic:
    return LiveTraffic({active: 100 - weight, active.other: weight}, active, serial)


HOLD_GREEN = Hold(GREEN, BLUE, "error rate 5 %", "2026-01-01T00:00:00+00:00", "agent", "Failure")


def test_a_switch_to_a_ready_color_has_nothing_against_it() -> None:
    assert judge_route(change(GREEN), live(BLUE), READY, None) == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, "does not exist"),
        (workload(desired=0), "is scaled to zero"),
        (workload(available=1), "1 of 2 replicas ready"),
        (workload(updated=1), "1 of 2 replicas ready"),
        (workload(observed=False), "not taken it up yet"),
        (workload(image=V1), "is deployed as app:v1, wanted is app:v2"),
        (
            workload(
                replicas=(
                    Replica("a", V2, ready=True),
                    Replica("b", V2, ready=True),
                    Replica("old", V1, ready=True),
                )
            ),
            "old runs app:v1",
        ),
        (
            workload(
                replicas=(
                    Replica("a", V2, ready=True),
                    Replica("b", V2, ready=False, problem="ErrImagePull: no such image"),
                )
            ),
            "b: ErrImagePull: no such image",
        ),
        (workload(replicas=()), "0 of 2 replicas ready"),
    ],
)
def test_a_color_that_is_not_wholly_ready_is_refused_with_the_reason(
    state: WorkloadState | None, reason: str
) -> None:
    findings = judge_color(GREEN, color(state))
    assert len(findings) == 1
    assert findings[0].severity is Severity.REFUSED
    assert reason in findings[0].reason
    assert "backend-green" in findings[0].reason
    with pytest.raises(Refused, match="backend-green"):
        enforce(judge_route(change(GREEN), live(BLUE), {**READY, GREEN: color(state)}, None), "t")


def test_every_service_of_a_color_must_be_ready_not_just_one() -> None:
    both = ColorState(
        wanted={"backend-green": V2, "frontend-green": V2},
        workloads={"backend-green": workload(), "frontend-green": workload(available=0)},
    )
    assert ["frontend-green" in str(f) for f in judge_color(GREEN, both)] == [True]


@pytest.mark.parametrize("weight", [0, 10])
def test_a_color_is_asked_only_if_it_gets_weight(weight: int) -> None:
    findings = judge_route(change(BLUE, weight), live(BLUE), BROKEN_GREEN, None)
    assert bool(findings) is (weight > 0)


def test_leaving_a_broken_color_is_never_blocked_by_it() -> None:
    assert judge_route(change(BLUE), live(BLUE, 45), BROKEN_GREEN, None) == []
    assert judge_route(change(BLUE), live(GREEN), BROKEN_GREEN, None) == []


def test_giving_a_broken_color_less_is_let_through_with_a_warning() -> None:
    findings = judge_route(change(BLUE, 10), live(BLUE, 50), BROKEN_GREEN, None)
    assert [f.severity for f in findings] == [Severity.WARNING]
    enforce(findings, "t")


def test_giving_a_broken_color_as_much_as_it_has_is_refused() -> None:
    findings = judge_route(change(BLUE, 50, serial=1), live(BLUE, 50), BROKEN_GREEN, None)
    assert [f.severity for f in findings] == [Severity.REFUSED]


def test_going_back_to_a_color_that_is_not_ready_is_refused() -> None:
    colors = {**READY, BLUE: color(workload("backend-blue", desired=0), "backend-blue")}
    with pytest.raises(Refused, match="scaled to zero"):
        enforce(judge_route(change(BLUE), live(GREEN), colors, None), "t")


@pytest.mark.parametrize(
    ("wanted", "is_refused"),
    [(change(GREEN), True), (change(BLUE, 10), True), (change(BLUE), False)],
)
def test_a_hold_refuses_its_color_any_weight_and_the_other_none(
    wanted: RouteChange, is_refused: bool
) -> None:
    findings = judge_route(wanted, live(BLUE), READY, HOLD_GREEN)
    assert bool(findings) is is_refused
    assert bool(judge_hold(wanted, HOLD_GREEN)) is is_refused
    if is_refused:
        assert "error rate 5 %" in str(findings[0])
        assert "activeColor=blue" in findings[0].mend


def test_a_hold_refuses_even_a_smaller_weight() -> None:
    findings = judge_route(change(BLUE, 10), live(BLUE, 50), READY, HOLD_GREEN)
    assert [f.severity for f in findings] == [Severity.REFUSED]


@pytest.mark.parametrize("weight", [1, 10, 100])
def test_a_flip_with_a_canary_weight_is_refused_with_the_command_that_sets_both(
    weight: int,
) -> None:
    findings = judge_route(change(GREEN, weight), live(BLUE, weight), READY, None)
    assert len(findings) == 1
    assert (
        "pulumi config set-all --plaintext legal-ai:activeColor=green "
        "--plaintext legal-ai:canaryWeight=0" in findings[0].mend
    )


def test_a_canary_after_the_flip_is_fine() -> None:
    assert judge_route(change(GREEN, 10), live(GREEN), READY, None) == []


@pytest.mark.parametrize(("config", "is_refused"), [(4, True), (5, False), (6, False)])
def test_a_configuration_older_than_the_route_is_refused(config: int, is_refused: bool) -> None:
    findings = judge_route(change(GREEN, serial=config), live(BLUE, serial=5), READY, None)
    assert bool(findings) is is_refused


def test_the_first_deployment_asks_readiness_and_no_more() -> None:
    assert judge_route(change(GREEN, 10), None, READY, HOLD_GREEN) == []
    assert judge_route(change(GREEN), None, BROKEN_GREEN, None) != []


@pytest.mark.parametrize(
    ("replicas", "image", "is_refused"),
    [
        (0, V2, True),
        (None, V2, True),
        (2, V1, True),
        (2, V2, False),
        (5, V2, False),
        (1, V2, False),
    ],
)
def test_a_color_with_traffic_cannot_vanish_shrink_to_zero_or_change_its_version(
    replicas: int | None, image: str, is_refused: bool
) -> None:
    wanted = WorkloadChange("backend-green", GREEN, replicas, image)
    for traffic in (live(GREEN), live(BLUE, 1)):
        assert bool(judge_workload(wanted, workload(), traffic, None)) is is_refused
    assert judge_workload(wanted, workload(), live(BLUE), None) == []


def test_a_color_that_a_rollback_relies_on_is_guarded_even_without_traffic() -> None:
    down = WorkloadChange("backend-blue", BLUE, 0, V1)
    state = workload("backend-blue", image=V1)
    assert judge_workload(down, state, LiveTraffic({}, None, 0), HOLD_GREEN) != []
    assert judge_workload(down, state, LiveTraffic({}, None, 0), None) == []


def test_what_is_not_there_yet_and_what_is_at_zero_already_may_be_written() -> None:
    assert judge_workload(WorkloadChange("x", GREEN, 0, V1), None, live(GREEN), None) == []
    at_zero = workload(desired=0)
    assert judge_workload(WorkloadChange("x", GREEN, 0, V2), at_zero, live(GREEN), None) == []


def test_not_knowing_stops_a_change_and_says_that_it_is_not_knowing() -> None:
    unknown = Finding(Severity.UNKNOWN, "no answer", "Try again")
    with pytest.raises(Unjudged, match="no answer") as raised:
        enforce([unknown], "t")
    assert isinstance(raised.value, CouldNotFindOut)
    with pytest.raises(Refused):
        enforce([unknown, Finding(Severity.REFUSED, "bad", "Mend it")], "t")
    enforce([Finding(Severity.WARNING, "hm", "Look")], "t")


V2_FITS = schema.Image("v2", level=4, needs=3)
LEVEL_3, LEVEL_2, FLOOR_5 = (schema.Database(*numbers, "r") for numbers in ((3, 1), (2, 1), (6, 5)))


def with_schema(image: schema.Image | None, database: schema.Database | None) -> ColorState:
    return dataclasses.replace(color(workload()), schema=schema.Fit(V2, image, database))


@pytest.mark.parametrize(
    ("image", "database", "severity", "words"),
    [
        (V2_FITS, LEVEL_3, None, ()),
        (V2_FITS, LEVEL_2, Severity.REFUSED, ("needs schema level 3", "upgrade --color green")),
        (V2_FITS, FLOOR_5, Severity.REFUSED, ("contracted away", "knows level 5")),
        (None, LEVEL_3, Severity.UNKNOWN, ("range of app:v2", "verify --color green")),
        (V2_FITS, None, Severity.UNKNOWN, ("database's schema", "verify --color green")),
        (None, None, Severity.UNKNOWN, ("not recorded",)),
    ],
)
def test_a_color_gets_weight_only_with_a_schema_that_is_known_to_fit(
    image: schema.Image | None,
    database: schema.Database | None,
    severity: Severity | None,
    words: tuple[str, ...],
) -> None:
    colors = {**READY, GREEN: with_schema(image, database)}
    findings = judge_route(change(GREEN), live(BLUE), colors, None)
    assert [f.severity for f in findings] == ([severity] if severity else [])
    for word in words:
        assert word in str(findings[0])
    assert judge_route(change(GREEN), None, colors, None) == findings, "the first deployment too"


def test_where_nobody_migrates_no_schema_is_asked_for() -> None:
    assert judge_schema(GREEN, None) == []


@pytest.mark.parametrize(("image", "database"), [(V2_FITS, FLOOR_5), (None, None)])
def test_a_color_whose_schema_does_not_fit_may_lose_weight_but_not_gain_any(
    image: schema.Image | None, database: schema.Database | None
) -> None:
    colors = {**READY, GREEN: with_schema(image, database)}
    less = judge_route(change(BLUE, 10), live(BLUE, 50), colors, None)
    assert [f.severity for f in less] == [Severity.WARNING]
    enforce(less, "t")
    assert judge_route(change(BLUE), live(BLUE, 50), colors, None) == []
    with pytest.raises((Refused, CouldNotFindOut)):
        enforce(judge_route(change(BLUE, 60), live(BLUE, 50), colors, None), "t")
