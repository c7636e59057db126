"""A canary and a switch from beginning to each of their ends; nothing is ever half told."""

from __future__ import annotations

import pytest

from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.hold import Hold
from ops.journal import TakenOver
from ops.shift import procedure
from ops.shift.beginning import Wish
from ops.shift.entry import Phase
from ops.state import LiveTraffic
from ops.watching.judging import Kind, Verdict
from tests.unit.shift_world import BAD, BLUE, GOOD, GREEN, World

CANARY = Wish(steps=(10, 25, 50, 100))
SWITCH = Wish(target=GREEN)
SILENT = Verdict(Kind.SILENT, "there are no numbers of green")


def test_a_canary_grows_step_by_step_and_ends_with_the_switch() -> None:
    world = World()
    done = procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25, 50, 100]
    assert world.watched == ["10 %", "25 %", "50 %", "100 %", "the switch"]
    assert (world.weights, world.config_data["legal-ai:activeColor"]) == (
        {BLUE: 0, GREEN: 100},
        "green",
    )
    assert done
    assert (done.outcome, world.open) == ("done", None)
    assert world.kinds == ["release"]


def test_at_the_switch_active_color_and_weight_are_one_write() -> None:
    world = World()
    procedure.run(world.tools(), CANARY)
    assert world.writes[-1] == {"activeColor": "green", "canaryWeight": "0", "serial": "12"}
    assert all("activeColor" in write and "canaryWeight" in write for write in world.writes)


def test_each_write_raises_the_serial_so_that_a_stale_checkout_is_refused() -> None:
    world = World()
    procedure.run(world.tools(), CANARY)
    assert [write["serial"] for write in world.writes] == ["8", "9", "10", "11", "12"]


def test_a_switch_moves_everything_at_once_and_is_watched() -> None:
    world = World()
    procedure.run(world.tools(), SWITCH)
    assert (world.shares, world.watched) == ([100], ["the switch"])


def test_without_watching_nobody_asks_prometheus() -> None:
    world = World()
    world.first = SILENT
    done = procedure.run(world.tools(), Wish(target=GREEN, switch_seconds=0))
    assert done
    assert world.watched == []
    assert world.shares == [100]


def test_a_bad_canary_goes_back_to_nothing_and_people_are_told() -> None:
    world = World()
    world.verdicts = [GOOD, BAD]
    with pytest.raises(Refused, match=r"(?s)5\.00 %.*blue has all traffic again"):
        procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25, 0]
    assert world.writes[-1] == {"activeColor": "blue", "canaryWeight": "0", "serial": "10"}
    assert (world.last.outcome, world.open) == ("went back", None)
    assert world.kinds == ["rollback"]
    assert world.emergencies == []


def test_a_switch_that_fails_goes_back_by_itself() -> None:
    world = World()
    world.verdicts = [BAD]
    with pytest.raises(Refused, match="blue has all traffic again"):
        procedure.run(world.tools(), SWITCH)
    assert world.shares == [100, 0]
    assert world.config_data["legal-ai:activeColor"] == "blue"


def test_it_does_not_go_back_to_a_color_that_failed_before() -> None:
    world = World()
    world.first = Verdict(Kind.BAD, "blue answers 9.00 % with errors")
    world.verdicts = [BAD]
    with pytest.raises(Refused, match=r"blue was no better before.*9\.00 %.*green keeps all"):
        procedure.run(world.tools(), SWITCH)
    assert world.shares == [100]
    assert (world.kinds, world.events[0].severity) == (["stayed"], "critical")
    assert world.open is None


@pytest.mark.parametrize(
    "verdict",
    [
        SILENT,
        Verdict(Kind.FEW, "green had 3 requests"),
        Verdict(Kind.SHARED, "green fails, and blue fails"),
    ],
)
def test_what_can_not_be_told_moves_nothing_pages_and_stays_open(verdict: Verdict) -> None:
    world = World()
    world.verdicts = [GOOD, verdict]
    with pytest.raises(CouldNotFindOut, match="green keeps 25 %, blue 75 %"):
        procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25]
    assert (world.kinds, world.events[0].severity) == (["page"], "critical")
    assert world.open
    assert world.open.where == "25 %"


def test_the_same_command_goes_on_where_it_stopped_and_ends_the_page() -> None:
    world = World()
    world.verdicts = [GOOD, SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25, 50, 100]
    assert world.watched[1:3] == ["25 %", "25 %"]
    assert world.kinds == ["page", "acknowledged", "release"]
    assert world.events[0].dedup == world.events[1].dedup


def test_a_canary_that_stands_is_aborted_to_nothing() -> None:
    world = World()
    world.verdicts = [GOOD, SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    done = procedure.abort(world.tools())
    assert done.outcome == "went back"
    assert world.shares == [10, 25, 0]
    assert world.kinds == ["page", "acknowledged", "release"]


def test_a_switch_to_the_other_color_is_the_way_back_from_what_is_open() -> None:
    world = World()
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), SWITCH)
    world.first = Verdict(Kind.SILENT, "Prometheus is gone")
    done = procedure.run(world.tools(), Wish(target=BLUE))
    assert done
    assert world.shares == [100, 0]
    assert world.open is None


def test_there_must_be_something_open_to_be_aborted() -> None:
    with pytest.raises(UsageError, match="nothing to abort"):
        procedure.abort(World().tools())


def test_a_rollback_by_the_agent_meanwhile_stands_and_ends_it() -> None:
    world = World()
    world.meanwhile = lambda: world.roll_back() if world.watched == ["10 %", "25 %"] else None
    with pytest.raises(Refused, match=r"(?s)rollback-agent.*--acknowledge"):
        procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25]
    assert (world.last.outcome, world.open) == ("overruled", None)
    assert world.config_data["legal-ai:activeColor"] == "blue"


def test_a_rollback_that_lands_during_the_up_ends_it_and_nothing_more_is_written() -> None:
    world = World()
    world.in_up = world.roll_back
    with pytest.raises(Refused, match=r"(?s)rollback-agent.*--acknowledge"):
        procedure.run(world.tools(), SWITCH)
    assert (world.last.outcome, world.open) == ("overruled", None)
    assert len(world.writes) == 1
    assert world.kinds == []


def test_an_up_that_ends_well_and_moves_nothing_is_not_watched_as_if_it_had() -> None:
    world = World()
    world.is_deaf = True
    with pytest.raises(Refused, match="left it at blue 0 %, green 100 %"):
        procedure.run(world.tools(), SWITCH)
    assert world.watched == []


def test_a_route_that_somebody_patched_is_not_taken_for_our_own() -> None:
    world = World()

    def patch() -> None:
        world.live_traffic = LiveTraffic({BLUE: 40, GREEN: 60}, BLUE, 8)

    world.meanwhile = patch
    with pytest.raises(
        Refused, match=r"blue 40 %, green 60 %.*left it at blue 90 %, green 10 %"
    ) as raised:
        procedure.run(world.tools(), CANARY)
    assert "activeColor=blue --plaintext legal-ai:canaryWeight=60`" in str(raised.value)
    assert "--acknowledge" not in str(raised.value), "no hold stands"
    assert world.last.outcome == "overruled"


def test_a_step_that_the_gate_refuses_goes_back_and_says_why() -> None:
    world = World()

    def refuse() -> None:
        world.refusal = Refused("backend-green has 1 of 3 replicas ready")

    world.meanwhile = refuse
    with pytest.raises(Refused, match=r"(?s)1 of 3 replicas.*blue has all traffic"):
        procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 0]
    assert world.config_data["legal-ai:canaryWeight"] == "0"
    assert world.last.outcome == "went back"
    assert world.kinds == ["release"], "no request failed, so nobody is paged"


def test_an_up_that_another_pulumi_keeps_out_is_no_verdict_on_the_color() -> None:
    world = World()
    world.refusal = CouldNotFindOut("another Pulumi command holds stack production")
    with pytest.raises(CouldNotFindOut, match="holds stack"):
        procedure.run(world.tools(), SWITCH)
    assert world.open
    assert world.open.phase is Phase.MOVING
    assert world.kinds == []
    procedure.run(world.tools(), SWITCH)
    assert world.shares == [100]


def test_a_canary_that_can_not_get_on_to_its_next_step_pages() -> None:
    world = World()

    def locked() -> None:
        world.refusal = CouldNotFindOut("another Pulumi command holds stack production")

    world.meanwhile = locked
    with pytest.raises(CouldNotFindOut, match="holds stack"):
        procedure.run(world.tools(), CANARY)
    assert world.kinds == ["page"]
    world.meanwhile = lambda: None
    procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25, 50, 100]


@pytest.mark.parametrize("kind", [Refused, CouldNotFindOut])
def test_where_pulumi_fails_the_way_back_is_gone_without_it(kind: type[OpsError]) -> None:
    world = World()
    world.verdicts = [BAD]

    def refuse() -> None:
        world.refusal = kind("the state's backend does not answer")

    world.meanwhile = refuse
    with pytest.raises(Refused, match="blue has all traffic again"):
        procedure.run(world.tools(), SWITCH)
    assert world.emergencies == [BAD.reason]
    assert world.live_traffic
    assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}
    assert any("--acknowledge" in line for line in world.said)
    assert world.open is None


def test_where_no_way_back_works_people_are_paged_and_the_same_command_tries_again() -> None:
    world = World()
    world.verdicts = [BAD]

    def refuse() -> None:
        world.refusal = Refused("the state's backend does not answer")

    def stuck(*_: object) -> None:
        raise Refused("blue is not proven")

    world.meanwhile = refuse
    world.emergency = stuck  # type: ignore[assignment]
    with pytest.raises(CouldNotFindOut, match=r"(?s)blue is not proven.*emergency_rollback"):
        procedure.run(world.tools(), SWITCH)
    assert (world.kinds, world.events[0].severity) == (["stayed"], "critical")
    assert world.open
    assert world.open.phase is Phase.BACK
    with pytest.raises(Refused, match="blue has all traffic again"):
        procedure.run(world.tools(), SWITCH)
    assert world.shares == [100, 0]


def test_an_up_that_fails_elsewhere_after_it_moved_the_route_back_needs_no_other_way() -> None:
    world = World()
    world.verdicts = [BAD]

    def fail_elsewhere() -> None:
        if world.config_data["legal-ai:activeColor"] == "blue":
            world.live_traffic = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 9)
            raise Refused("worker-blue did not start")

    world.in_up = fail_elsewhere
    with pytest.raises(Refused, match="blue has all traffic again"):
        procedure.run(world.tools(), SWITCH)
    assert world.emergencies == []
    assert "worker-blue did not start" in world.events[-1].text
    assert "canaryWeight=0`, then `pulumi up --refresh`" in world.said[-1]
    assert "--acknowledge" not in world.said[-1], "no hold stands"


def test_a_run_that_loses_the_journal_on_its_way_back_leaves_that_to_the_other_one() -> None:
    world = World()
    world.verdicts = [BAD]

    def other() -> None:
        tools = world.tools()
        found = tools.journal.read()
        if found and found.phase is Phase.BACK:
            world.on_config = lambda: None
            tools.journal.write(found.updated(by="somebody@elsewhere"))

    world.on_config = other
    with pytest.raises(TakenOver):
        procedure.run(world.tools(), SWITCH)
    assert (world.emergencies, world.kinds) == ([], [])


def test_a_run_that_lost_the_journal_stops_and_moves_nothing_more() -> None:
    world = World()

    def other() -> None:
        tools = world.tools()
        found = tools.journal.read()
        assert found
        tools.journal.write(found.updated(by="somebody@elsewhere"))

    world.meanwhile = other
    with pytest.raises(TakenOver):
        procedure.run(world.tools(), CANARY)
    assert world.shares == [10]
    assert world.kinds == []


def test_another_shift_than_the_open_one_is_refused_with_both_ways_out() -> None:
    world = World()
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    with pytest.raises(Refused, match=r"--steps 10,25,50,100 --minutes 10 .*canary.py --abort"):
        procedure.run(world.tools(), SWITCH)
    assert world.shares == [10]


@pytest.mark.parametrize(
    ("seconds", "option"), [(0, "--no-watch"), (300, "--minutes 5"), (90, "--minutes 1.5")]
)
def test_an_open_switch_is_gone_on_with_by_the_very_command_that_is_told(
    seconds: float, option: str
) -> None:
    world = World()
    world.refusal = CouldNotFindOut("another Pulumi command holds stack production")
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), Wish(target=GREEN, switch_seconds=seconds))
    with pytest.raises(Refused, match=f"switch_deployment_color.py green {option}`"):
        procedure.run(world.tools(), CANARY)


def test_nothing_is_moved_that_can_not_be_watched() -> None:
    world = World()
    world.first = SILENT
    with pytest.raises(CouldNotFindOut, match=r"no numbers.*--no-watch"):
        procedure.run(world.tools(), SWITCH)
    assert (world.writes, world.open) == ([], None)


def test_what_stands_against_it_is_told_all_at_once_before_anything_is_written() -> None:
    world = World()
    world.held = Hold(GREEN, BLUE, "error rate", "2025-10-14T01:00:00Z", "agent")
    world.deployed = {BLUE: "v1", GREEN: "v1.9"}
    world.live_traffic = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 9)
    with pytest.raises(Refused) as raised:
        procedure.run(world.tools(), SWITCH)
    told = str(raised.value)
    for words in ("green is held", "version is v2, deployed is v1.9", "serial is 7", "git pull"):
        assert words in told
    assert (world.writes, world.open) == ([], None)


def test_a_color_without_a_version_gets_nothing() -> None:
    world = World()
    world.config_data["legal-ai:green"] = {}
    world.deployed = {BLUE: "v1"}
    with pytest.raises(Refused, match=r"legal-ai:green.version is not set"):
        procedure.run(world.tools(), CANARY)


def test_a_canary_of_the_active_color_is_refused_since_it_would_take_traffic_from_it() -> None:
    world = World()
    world.config_data["legal-ai:canaryWeight"] = "20"
    world.live_traffic = LiveTraffic({BLUE: 80, GREEN: 20}, BLUE, 7)
    with pytest.raises(Refused, match="color in standby"):
        procedure.run(world.tools(), Wish(target=BLUE, steps=(10,)))
    assert world.writes == []


def test_what_is_so_already_is_not_done_again() -> None:
    world = World()
    procedure.run(world.tools(), SWITCH)
    assert procedure.run(world.tools(), SWITCH) is None
    assert len(world.writes) == 1


def test_a_canary_that_is_done_does_not_go_the_other_way_when_it_is_run_again() -> None:
    world = World()
    procedure.run(world.tools(), CANARY)
    assert procedure.run(world.tools(), CANARY) is None
    assert world.shares == [10, 25, 50, 100]
    assert "scripts/canary.py blue" in world.said[-1]
    world.config_data["legal-ai:blue"] = {"version": "v3"}
    world.deployed[BLUE] = "v3"
    procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25, 50, 100, 90, 75, 50, 0]


def test_a_canary_that_was_rolled_back_after_its_end_may_be_done_again() -> None:
    world = World()
    world.config_data["legal-ai:green"] = {"version": "v1"}
    world.deployed[GREEN] = "v1"
    procedure.run(world.tools(), CANARY)
    world.live_traffic = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 12)
    assert procedure.run(world.tools(), CANARY)


def test_one_that_somebody_has_overtaken_is_closed_and_not_gone_on_with() -> None:
    world = World()
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    world.config_data["legal-ai:serial"] = "9"
    with pytest.raises(Refused, match=r"serial is 9.*begin anew"):
        procedure.run(world.tools(), CANARY)
    assert (world.open, world.last.outcome) == (None, "overtaken")


def test_a_version_that_was_changed_under_an_open_canary_ends_it() -> None:
    world = World()
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    world.config_data["legal-ai:green"] = {"version": "v3"}
    with pytest.raises(Refused, match="version is v3 now"):
        procedure.run(world.tools(), CANARY)


def test_an_older_checkout_is_told_so_and_the_canary_stays_open() -> None:
    world = World()
    world.verdicts = [GOOD, SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    world.config_data |= {"legal-ai:serial": "7", "legal-ai:canaryWeight": "0"}
    with pytest.raises(Refused, match="git pull"):
        procedure.run(world.tools(), CANARY)
    assert world.open


@pytest.mark.parametrize("steps", [(), (10, 25, 50, 100)])
def test_a_way_back_from_an_older_checkout_runs_no_pulumi_up_there(steps: tuple[int, ...]) -> None:
    world = World()
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), Wish(target=GREEN, steps=steps))
    stale = {"activeColor": "blue", "canaryWeight": "0", "serial": "7"}
    world.config_data |= {f"legal-ai:{key}": value for key, value in stale.items()}
    ups, writes = len(world.limits), len(world.writes)
    if steps:
        closed = procedure.abort(world.tools())
    else:
        back = procedure.run(world.tools(), Wish(target=BLUE, switch_seconds=0))
        assert back
        closed = back
    assert closed.outcome == "went back"
    assert (len(world.limits), len(world.writes)) == (ups, writes)
    assert world.live_traffic
    assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}
    assert len(world.emergencies) == 1
    assert any("older than what is live" in line for line in world.said)


@pytest.mark.parametrize("steps", [(0,), (101,), (25, 10), (10, 10)])
def test_steps_that_do_not_rise_from_1_to_100_are_a_usage_error(steps: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="10,25,50,100"):
        Wish(steps=steps)
