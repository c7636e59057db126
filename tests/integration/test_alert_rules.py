"""Every alert, judged by Prometheus' own promtool: when it fires, and when it must not."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from components import alert_plan
from ops.alerts import rules, series
from ops.alerts.names import ROLLBACK_ALERTS, Alert
from ops.alerts.watched import Watched
from ops.color import Color
from tests.integration import alert_world as world
from tests.integration import promtool
from tests.integration.alert_cases import BLUE, CASES, GREEN, MISSING, MIXED, Case
from tests.integration.alert_world import SCRAPE_SECONDS, Series, changed, requests
from tests.unit.configs import WATCHED, loaded

ALL: Final = (*CASES, *MISSING)
MOMENTS: Final = range(0, 15 * 60 + 1, 60)
RECORDED_NAN: Final = 'count({__name__=~"legal_ai:.+"}) - count({__name__=~"legal_ai:.+"} >= 0) > 0'
ON_RATES: Final = frozenset({Alert.REQUEST_RATE_HIGH, Alert.REQUEST_RATE_LOW})
"""They look back a week; tests of their own have one that is short."""


def stack(changes: Mapping[str, Any] | None = None) -> Watched:
    """A stack with a database behind a URL and every exporter; a backup lasts 10 minutes."""
    settings = loaded(
        {"hosts.scheme": "https", "backups.maxAgeMinutes": 10, **(changes or {})}, base=WATCHED
    )
    watched = alert_plan.watched("local", settings)
    # A URL has no replica that the program knows of.
    return Watched(**{**vars(watched), "has_replica": True})


@pytest.fixture(scope="module")
def watched() -> Watched:
    return stack()


@pytest.fixture(scope="module")
def document(watched: Watched) -> dict[str, Any]:
    return rules.document(watched)


def of(alert: Alert, more: Mapping[str, str] | None = None) -> str:
    """The selector of an alert of a case."""
    labels = {"alertname": str(alert), **(more or {})}
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def labelled(case: Case) -> dict[str, str]:
    common = {"stack": "local", "namespace": world.NAMESPACE, "severity": case.severity}
    return common | case.labels


def fired(case: Case) -> str:
    """The labels of the series that Prometheus makes of a firing alert."""
    labels = {"alertname": str(case.alert), "alertstate": "firing", **labelled(case)}
    return ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))


def told(case: Case, document: Mapping[str, Any]) -> dict[str, Any]:
    """The alert with its texts as people get them."""
    (body,) = (
        rule
        for rule in group_of(document, case.alert)["groups"][0]["rules"]
        if rule.get("alert") == case.alert
        and rule["labels"].get("exporter") == case.labels.get("exporter")
    )
    labels = labelled(case)

    def text(template: str) -> str:
        named = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], template)
        return re.sub(r"\{\{ \$value[^}]*\}\}", lambda _: case.value, named)

    annotations = {name: text(each) for name, each in body["annotations"].items()}
    return {"exp_labels": labels, "exp_annotations": annotations}


def group_of(document: Mapping[str, Any], *alerts: str) -> dict[str, Any]:
    """The rules without the groups that don't have the alerts: groups stand for themselves."""
    return {
        "groups": [
            group
            for group in document["groups"]
            if any(rule.get("alert") in alerts for rule in group["rules"])
        ]
    }


def test_promtool_takes_the_rules_and_has_nothing_to_remark(
    document: dict[str, Any], tmp_path: Path
) -> None:
    count = sum(len(group["rules"]) for group in document["groups"])
    assert f"{count} rules found" in promtool.check_rules(document, tmp_path)


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in ALL} | ON_RATES == set(Alert)


def test_nothing_fires_while_all_is_well(
    watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    checks = [promtool.labels("", at) for at in MOMENTS]
    promtool.judge(document, world.well(watched), {"promql_expr_test": checks}, tmp_path)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_an_alert_is_silent_until_it_lasted_long_enough_and_then_fires_with_its_words(
    case: Case, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    at = case.begins + case.lasts
    checks = [
        promtool.firing(case.alert, at - SCRAPE_SECONDS, []),
        promtool.firing(case.alert, at, [told(case, document)]),
    ]
    found = changed(world.well(watched), case.fires)
    rules_of = group_of(document, case.alert)
    promtool.judge(rules_of, found, {"alert_rule_test": checks}, tmp_path)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_just_below_its_threshold_an_alert_is_silent_when_counters_begin_anew_as_well(
    case: Case, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    """A gateway, pod or exporter restarts after 11 minutes: its counters are 0 again."""
    below = {**world.well(watched), **case.below}
    found = changed(below, world.with_reset(below))
    checks = [promtool.labels(of(case.alert, case.labels), at) for at in MOMENTS]
    rules_of = group_of(document, case.alert)
    promtool.judge(rules_of, found, {"promql_expr_test": checks}, tmp_path)


@pytest.mark.parametrize("case", [case for case in CASES if case.alert in ROLLBACK_ALERTS], ids=str)
def test_a_gateway_that_restarts_does_not_hide_a_color_that_fails(
    case: Case, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    found = {**world.well(watched), **case.fires}
    gateway = {name: each for name, each in found.items() if name.startswith("envoy")}
    counted = world.with_reset(gateway, after_scrapes=10)
    at = case.begins + case.lasts
    checks = [promtool.labels(of(case.alert), at, fired(case))]
    rules_of = group_of(document, case.alert)
    promtool.judge(rules_of, changed(found, counted), {"promql_expr_test": checks}, tmp_path)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_nan_is_no_value_is_never_recorded_and_fires_only_what_is_about_missing_ones(
    case: Case, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    nan = dict.fromkeys(case.fires, world.NAN)
    at = case.begins + case.lasts
    firing = [fired(case)] if case.of_unknown else []
    checks = [
        promtool.labels(of(case.alert, case.labels), at, *firing),
        promtool.value(RECORDED_NAN, at, []),
    ]
    found = changed(world.well(watched), nan)
    rules_of = group_of(document, case.alert)
    promtool.judge(rules_of, found, {"promql_expr_test": checks}, tmp_path)


@pytest.mark.parametrize("case", [case for case in CASES if case.of_color], ids=str)
def test_with_the_other_color_absent_all_but_the_comparisons_fire_as_before(
    case: Case, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    assert case.of_color
    found = world.without(case.of_color.other, {**world.well(watched), **case.fires})
    compares = case.alert in (Alert.CANARY_FAILURE, Alert.CANARY_LATENCY)
    firing = [] if compares else [fired(case)]
    checks = [
        promtool.labels(of(case.alert), case.begins + case.lasts, *firing),
        promtool.labels(f'color="{case.of_color.other}"', case.begins + case.lasts),
    ]
    rules_of = group_of(document, case.alert)
    promtool.judge(rules_of, found, {"promql_expr_test": checks}, tmp_path)


@pytest.mark.parametrize("never", [False, True], ids=["no more requests", "never a request"])
def test_nothing_fires_without_traffic_and_no_ratio_of_nothing_is_recorded(
    never: bool, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    idle: dict[str, str | None] = {}
    for color in Color:
        idle |= requests(color, rate=0, failing=0.5)
    if never:
        # As Envoy has it: of a service nobody asked, only the first counter is there.
        idle = {name: each if "_total" in name else None for name, each in idle.items()}
    found = changed(world.well(watched), idle)
    checks = [
        promtool.value(RECORDED_NAN, 5 * 60, []),
        *(promtool.labels("", at) for at in MOMENTS),
    ]
    promtool.judge(document, found, {"promql_expr_test": checks}, tmp_path)


def test_a_color_without_traffic_is_not_rolled_back(
    watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    failing = requests(GREEN, failing=1, within={10000: 1})
    found = changed(world.well(watched), failing)
    checks = [promtool.labels('action="rollback"', at) for at in MOMENTS]
    promtool.judge(
        group_of(document, *ROLLBACK_ALERTS), found, {"promql_expr_test": checks}, tmp_path
    )


def test_a_canary_is_judged_by_the_constant_too_and_is_told_by_its_color(
    watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    """Where both colors are as bad there is nothing to compare, and both are too bad."""
    failing = {**requests(BLUE, failing=0.02), **requests(GREEN, failing=0.02)}
    found = changed(world.well(watched), {**MIXED, **failing})
    (case,) = (case for case in CASES if case.alert == Alert.DEPLOYMENT_FAILURE)
    blue = fired(case)
    green = blue.replace('color="blue"', 'color="green"')
    checks = [promtool.labels('action="rollback"', 10 * 60, blue, green)]
    promtool.judge(
        group_of(document, *ROLLBACK_ALERTS), found, {"promql_expr_test": checks}, tmp_path
    )


def test_the_active_color_is_never_compared_with_its_canary(
    watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    """A canary that mends something makes the active color no worse than it was."""
    found = changed(world.well(watched), {**MIXED, **requests(BLUE, failing=0.009)})
    checks = [promtool.labels('action="rollback"', at) for at in MOMENTS]
    promtool.judge(
        group_of(document, *ROLLBACK_ALERTS), found, {"promql_expr_test": checks}, tmp_path
    )


@pytest.mark.parametrize(
    ("rate", "count"), [(0.165, 99), (0.17, 102)], ids=["too few", "just enough"]
)
def test_a_ratio_of_a_few_requests_is_not_judged(
    rate: float, count: int, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    found = changed(world.well(watched), requests(BLUE, rate=rate, failing=1))
    (case,) = (case for case in CASES if case.alert == Alert.DEPLOYMENT_FAILURE)
    counted = series.query(series.REQUESTS_COUNT, watched.namespace, BLUE)
    labels = counted.removeprefix(series.REQUESTS_COUNT)
    firing = [fired(case)] if count >= watched.limits.minimum_requests else []
    checks = [
        promtool.value(f"round({counted})", 10 * 60, [{"labels": labels, "value": count}]),
        promtool.labels(of(case.alert), 10 * 60, *firing),
    ]
    promtool.judge(group_of(document, case.alert), found, {"promql_expr_test": checks}, tmp_path)


@pytest.mark.parametrize(
    ("rate", "compares"), [(10, True), (0.1, False)], ids=["that never failed", "hardly asked"]
)
def test_a_canary_is_compared_with_an_active_color(
    rate: float, compares: bool, watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    """Half a percent is below the constant, and more than twice of what is normal."""
    requested = {**requests(BLUE, rate=rate), **requests(GREEN, failing=0.005)}
    found = changed(world.well(watched), {**MIXED, **requested})
    (case,) = (case for case in CASES if case.alert == Alert.CANARY_FAILURE)
    firing = [fired(case)] if compares else []
    checks = [promtool.labels('action="rollback"', 10 * 60, *firing)]
    rules_of = group_of(document, *ROLLBACK_ALERTS)
    promtool.judge(rules_of, found, {"promql_expr_test": checks}, tmp_path)


def test_a_few_failures_of_a_canary_may_be_chance(
    watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    """Half a percent of 600 requests: three, where the active color fails none."""
    found = changed(world.well(watched), {**MIXED, **requests(GREEN, rate=1, failing=0.005)})
    checks = [promtool.labels(of(Alert.CANARY_FAILURE), at) for at in MOMENTS]
    promtool.judge(
        group_of(document, *ROLLBACK_ALERTS), found, {"promql_expr_test": checks}, tmp_path
    )


def test_a_minute_of_failures_that_is_over_rolls_nothing_back(
    watched: Watched, document: dict[str, Any], tmp_path: Path
) -> None:
    """A window of 5 minutes is above 1 % for longer than 5 minutes by it."""
    burst = {
        name.replace('class="2"', 'class="5"'): "0x20 150x0 300x0 450x0 600x56"
        for name in requests(BLUE)
        if 'class="2"' in name
    }
    found = changed(world.well(watched), burst)
    ratio = series.query(series.ERRORS_RATIO, watched.namespace, BLUE)
    lasting = f"min_over_time(({ratio} > bool 0.01)[5m:15s])"
    labels = ratio.removeprefix(series.ERRORS_RATIO)
    checks = [
        promtool.value(lasting, 645, [{"labels": labels, "value": 1}]),
        *(promtool.labels('action="rollback"', at) for at in range(0, 901, SCRAPE_SECONDS)),
    ]
    rules_of = group_of(document, Alert.DEPLOYMENT_FAILURE)
    promtool.judge(rules_of, found, {"promql_expr_test": checks}, tmp_path)


QUICK: Final = {"alerts.timeFactor": 0.002, "alerts.scrapeSeconds": 1}
"""A week is 1,209 seconds, a day 172; windows are four scrapes of a second."""
EVERY_SECONDS: Final = 2
RATE: Final = 100


def rated(color: Color, service: str, *phases: tuple[int, float]) -> Series:
    """Requests that go on for so many seconds at so many a second."""
    total, parts = 0.0, []
    for seconds, rate in phases:
        parts.append(f"{total:.15g}+{rate:.15g}x{seconds - 1}")
        total += rate * seconds
    cluster = f"legal-ai_{service}-{color}_{world.PORTS[service]}"
    counter = f'envoy_cluster_upstream_rq_completed{{envoy_cluster_name="{cluster}"}}'
    return {counter: " ".join(parts)}


def rate_alert(alert: Alert, service: str) -> str:
    return (
        f'alertname="{alert}",alertstate="firing",color="blue",namespace="legal-ai",'
        f'service="{service}",severity="warning",stack="local"'
    )


@pytest.mark.parametrize(
    ("more", "less", "fires"), [(2.02, 0.49, True), (1.98, 0.51, False)], ids=["beyond", "within"]
)
def test_a_colors_requests_are_compared_with_its_share_of_a_week_ago(
    more: float, less: float, fires: bool, tmp_path: Path
) -> None:
    """Blue has 90 %. Yesterday there was half of it: a day ago is not what is compared with."""
    usual, share = ((400, RATE), (860, RATE / 2)), 0.9
    found = {
        **{name: values and values.replace("x80", "x1300") for name, values in MIXED.items()},
        **rated(BLUE, "backend", *usual, (20, RATE * share * more)),
        **rated(BLUE, "frontend", *usual, (20, RATE * share * less)),
    }
    firing = [
        rate_alert(Alert.REQUEST_RATE_HIGH, "backend"),
        rate_alert(Alert.REQUEST_RATE_LOW, "frontend"),
    ]
    checks = [promtool.labels('alertname=~"RequestRate.*"', 1278, *(firing if fires else ()))]
    judge_rates(found, checks, tmp_path)


def test_in_the_first_week_a_day_ago_is_compared_with(tmp_path: Path) -> None:
    found = {
        **{name: values and values.replace("x80", "x300") for name, values in MIXED.items()},
        **rated(BLUE, "backend", (200, RATE), (20, RATE * 2)),
    }
    labels = '{namespace="legal-ai",color="blue",service="backend"}'
    baseline = series.REQUESTS_BASELINE + labels
    checks = [
        promtool.value(
            f"round({baseline})",
            190,
            [{"labels": labels, "value": RATE * 0.9}],
        ),
        promtool.labels(
            'alertname=~"RequestRate.*"', 218, rate_alert(Alert.REQUEST_RATE_HIGH, "backend")
        ),
    ]
    judge_rates(found, checks, tmp_path)


def judge_rates(found: Series, checks: list[dict[str, Any]], folder: Path) -> None:
    """Only with what rates are judged by: a thousand seconds of all rules take long."""
    needed = {series.REQUESTS_RATE, series.REQUESTS_TOTAL, series.ROUTE_WEIGHT}
    needed |= {series.REQUESTS_BASELINE, *ON_RATES}
    (traffic,) = group_of(rules.document(stack(QUICK)), *ON_RATES)["groups"]
    kept = [rule for rule in traffic["rules"] if {rule.get("record"), rule.get("alert")} & needed]
    promtool.judge(
        {"groups": [traffic | {"rules": kept}]},
        changed(found, {}),
        {"promql_expr_test": checks},
        folder,
        interval_seconds=1,
        evaluation_seconds=EVERY_SECONDS,
    )
