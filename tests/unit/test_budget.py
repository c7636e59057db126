"""The longest time from a fault to its rollback, by arithmetic on the configured intervals."""

from typing import Any

import pytest

from ops import budget
from ops.agent import AgentSettings
from ops.alerts.spans import FLUSH_SECONDS
from ops.budget import Case
from tests.unit.monitored import monitoring


def case(fault: str, **changes: object) -> Case:
    return next(each for each in budget.cases(monitoring(**changes)) if each.fault == fault)


def step(found: Case, name: str) -> float:
    return next(each.seconds for each in found.steps if each.name == name)


def test_a_case_takes_as_long_as_its_steps_together() -> None:
    found = case("all fails")
    # 1 % of 5 min, two scrapes, a round of rules, `for` of 5 min, a lost leader, agent, gateway.
    assert found.seconds == pytest.approx(3 + 2 * 15 + 15 + 300 + 0 + 10 + 1 + 1)


def test_the_less_a_fault_is_above_the_limit_the_longer_it_stays_unseen() -> None:
    little, all_of_it = case("just too many fail"), case("all fails")
    assert step(little, "window above the limit") == 300
    assert step(all_of_it, "window above the limit") == pytest.approx(3)


def test_a_rules_for_ends_with_a_round_of_rules() -> None:
    found = case("all fails", evaluationSeconds=40)
    assert step(found, "rule's `for`") == 320
    assert step(found, "rule evaluated") == 40


def test_the_time_factor_shortens_what_the_rules_shorten_and_nothing_else() -> None:
    found = case("just too many fail", timeFactor=0.1)
    assert step(found, "window above the limit") == pytest.approx(4 * 15), "never below 4 scrapes"
    assert step(found, "rule's `for`") == pytest.approx(30)
    assert step(found, "scrape") == 30


def test_what_alertmanager_waits_is_part_of_it() -> None:
    assert step(case("all fails", groupWaitSeconds=30), "Alertmanager's group wait") == 30


def test_a_slow_request_is_counted_once_it_was_answered_and_the_gateway_says_so() -> None:
    slow = step(case("all is too slow"), "window above the limit")
    assert slow == pytest.approx(5 + 0.05 * 300 + FLUSH_SECONDS)


def test_the_table_has_each_step_of_each_case_and_their_sum() -> None:
    cases = budget.cases(monitoring())
    lines = budget.table(cases).splitlines()
    assert len(lines) == 2 + len(cases[0].steps) + 1
    assert lines[-1].startswith("fault to traffic on the other color")
    assert "360.0 s" in lines[-1]


def test_the_lease_is_the_agents_own() -> None:
    assert AgentSettings.model_fields["lease_seconds"].default == budget.LEASE_SECONDS


@pytest.mark.parametrize(
    "changes", [{"delivery": "none"}, {"agent": {"enabled": False, "namespace": "legal-ai"}}]
)
def test_where_nothing_rolls_back_there_is_no_budget(changes: dict[str, Any]) -> None:
    assert monitoring().acts
    assert not monitoring(**changes).acts
