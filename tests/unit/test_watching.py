"""What looks at the colors mean, and how long one goes on looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import pytest

from ops.alerts import series
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.metrics import Prometheus, Sample
from ops.shift.entry import Phase, Shift
from ops.watching.judging import Kind, Limits, Verdict, judge_alone, judge_canary
from ops.watching.reading import Look, Reading, look
from ops.watching.watch import Rhythm, Watch
from ops.watching.watcher import PrometheusWatcher, rhythm

BLUE, GREEN = Color.BLUE, Color.GREEN
WELL = Reading(counted=2, requests=1000, rate=3.3, error_ratio=0.0, p95_seconds=0.1)
BUSY = replace(WELL, requests=100_000)
LIMITS = Limits()


def green(**changes: float | None) -> Look:
    return {BLUE: WELL, GREEN: replace(WELL, **changes)}


ALONE = [
    (green(), Kind.GOOD),
    (green(error_ratio=0.01), Kind.GOOD),
    (green(error_ratio=0.0101), Kind.BAD),
    (green(p95_seconds=5.0), Kind.GOOD),
    (green(p95_seconds=5.1), Kind.BAD),
    (green(requests=100, error_ratio=0.05), Kind.BAD),
    (green(requests=99, error_ratio=1.0), Kind.FEW),
    (green(requests=0, error_ratio=None, p95_seconds=None), Kind.FEW),
    (green(requests=100, error_ratio=0.04), Kind.GOOD),
    (green(error_ratio=None), Kind.SILENT),
    (green(p95_seconds=None), Kind.SILENT),
    (green(requests=None), Kind.SILENT),
    (green(counted=None), Kind.SILENT),
    (green(counted=0), Kind.SILENT),
    ({BLUE: WELL}, Kind.SILENT),
    (green(error_ratio=0.05, recent_error_ratio=0.0), Kind.GOOD),
    (green(error_ratio=0.05, recent_error_ratio=0.04), Kind.BAD),
    (green(error_ratio=0.001, recent_error_ratio=0.5), Kind.GOOD),
    (green(p95_seconds=9, recent_p95_seconds=0.1), Kind.GOOD),
    (green(p95_seconds=9, recent_p95_seconds=8), Kind.BAD),
]


@pytest.mark.parametrize(("seen", "kind"), ALONE)
def test_a_color_that_serves_everybody_is_judged_by_fixed_limits(seen: Look, kind: Kind) -> None:
    assert judge_alone(seen, GREEN, LIMITS).kind is kind


CANARY = [
    (green(), Kind.GOOD),
    (green(error_ratio=0.02), Kind.BAD),
    ({BLUE: replace(WELL, error_ratio=0.0002), GREEN: replace(WELL, error_ratio=0.009)}, Kind.BAD),
    (
        {BLUE: replace(BUSY, error_ratio=0.0002), GREEN: replace(BUSY, error_ratio=0.0011)},
        Kind.GOOD,
    ),
    ({BLUE: replace(BUSY, error_ratio=0.0002), GREEN: replace(BUSY, error_ratio=0.0013)}, Kind.BAD),
    ({BLUE: replace(BUSY, error_ratio=0.004), GREEN: replace(BUSY, error_ratio=0.006)}, Kind.GOOD),
    (green(error_ratio=0.004), Kind.GOOD),
    (green(p95_seconds=0.151), Kind.BAD),
    (green(p95_seconds=0.149), Kind.GOOD),
    ({BLUE: replace(WELL, p95_seconds=0.004), GREEN: replace(WELL, p95_seconds=0.04)}, Kind.GOOD),
    ({BLUE: replace(WELL, error_ratio=0.05), GREEN: replace(WELL, error_ratio=0.055)}, Kind.SHARED),
    ({BLUE: replace(WELL, error_ratio=0.05), GREEN: replace(WELL, error_ratio=0.07)}, Kind.SHARED),
    ({BLUE: replace(WELL, error_ratio=0.05), GREEN: replace(WELL, error_ratio=0.08)}, Kind.BAD),
    ({BLUE: replace(WELL, error_ratio=0.05), GREEN: WELL}, Kind.SHARED),
    ({BLUE: replace(WELL, p95_seconds=9), GREEN: replace(WELL, p95_seconds=9)}, Kind.SHARED),
    ({BLUE: replace(WELL, p95_seconds=4), GREEN: replace(WELL, p95_seconds=5.5)}, Kind.BAD),
    ({BLUE: replace(WELL, error_ratio=0.009), GREEN: replace(WELL, error_ratio=0.011)}, Kind.BAD),
    (green(requests=10, error_ratio=1.0), Kind.FEW),
    ({BLUE: replace(WELL, requests=10), GREEN: WELL}, Kind.FEW),
    ({BLUE: replace(WELL, counted=None), GREEN: WELL}, Kind.SILENT),
    (green(error_ratio=0.05, recent_error_ratio=0.0), Kind.GOOD),
    (green(error_ratio=0.05, recent_error_ratio=0.06), Kind.BAD),
    (green(counted=None), Kind.SILENT),
]


@pytest.mark.parametrize(("seen", "kind"), CANARY)
def test_a_canary_is_compared_with_the_other_color_in_the_same_window(
    seen: Look, kind: Kind
) -> None:
    verdict = judge_canary(seen, GREEN, LIMITS)
    assert verdict.kind is kind, verdict.reason


def test_the_reason_names_the_color_its_numbers_and_the_limit() -> None:
    told = judge_canary(green(error_ratio=0.05), GREEN, LIMITS).reason
    for words in (
        "green answers 5.00 % of its",
        "1,000 requests",
        "other color 0.00 %",
        "1.5 times that, and 0.10 % more",
    ):
        assert words in told


class Clock:
    """Time that passes only by pausing."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def watch(
    verdicts: Iterable[Verdict | CouldNotFindOut],
    seconds: float = 60,
    moved: Callable[[], str] = lambda: "",
) -> tuple[Verdict, float]:
    """What watching gives when each look is the next verdict, and how long it took."""
    coming, clock = iter(verdicts), Clock()

    def judge(_: Look) -> Verdict:
        found = next(coming)
        if isinstance(found, CouldNotFindOut):
            raise found
        return found

    watching = Watch(
        look=dict,
        judge=judge,
        moved=moved,
        say=lambda _: None,
        rhythm=Rhythm(every=15, silence=30),
        clock=clock,
        pause=clock.pause,
    )
    return watching.run(seconds), clock.now


GOOD, BAD = Verdict(Kind.GOOD, "good"), Verdict(Kind.BAD, "bad")
FEW, SILENT = Verdict(Kind.FEW, "few"), Verdict(Kind.SILENT, "silent")
SHARED = Verdict(Kind.SHARED, "shared")
GONE = CouldNotFindOut("Prometheus does not answer")


def test_it_is_good_only_when_the_whole_time_has_passed() -> None:
    assert watch([GOOD] * 10) == (GOOD, 60)


def test_a_bad_look_counts_when_the_next_one_confirms_it_and_ends_the_watch_at_once() -> None:
    assert watch([GOOD, BAD, GOOD, BAD, BAD, GOOD]) == (BAD, 60)
    assert watch([BAD, BAD, GOOD]) == (BAD, 15)
    assert watch([SHARED, SHARED]) == (SHARED, 15)


def test_a_look_without_data_neither_confirms_a_bad_one_nor_makes_it_undone() -> None:
    assert watch([BAD, SILENT, BAD]) == (BAD, 30)
    assert watch([BAD, GONE, BAD]) == (BAD, 30)
    assert watch([BAD, SILENT, GOOD, SILENT, BAD, GOOD]) == (GOOD, 75)


def test_a_last_look_that_is_bad_is_looked_at_once_more() -> None:
    assert watch([GOOD, GOOD, GOOD, GOOD, BAD, BAD]) == (BAD, 75)
    assert watch([GOOD, GOOD, GOOD, GOOD, BAD, GOOD]) == (GOOD, 75)


def test_too_few_requests_in_all_that_time_is_no_good_verdict() -> None:
    assert watch([FEW] * 10) == (FEW, 60)
    assert watch([FEW, FEW, GOOD, GOOD, GOOD]) == (GOOD, 60)


@pytest.mark.parametrize("silence", [SILENT, GONE])
def test_no_data_is_waited_for_a_while_and_then_given_up(
    silence: Verdict | CouldNotFindOut,
) -> None:
    verdict, seconds = watch([silence] * 10)
    assert verdict.kind is Kind.SILENT
    assert seconds == 30


def test_data_that_comes_back_in_time_is_as_if_it_had_never_been_away() -> None:
    assert watch([SILENT, SILENT, GOOD, GONE, GOOD]) == (GOOD, 60)


def test_no_data_at_the_end_is_not_good_for_what_was_good_before() -> None:
    verdict, seconds = watch([GOOD, GOOD, GOOD, GOOD, SILENT, SILENT, SILENT])
    assert verdict.kind is Kind.SILENT
    assert seconds == 75


def test_traffic_that_somebody_else_moved_ends_the_watch_before_anything_is_judged() -> None:
    verdict, seconds = watch([BAD, BAD], moved=lambda: "green is held")
    assert verdict == Verdict(Kind.MOVED, "green is held")
    assert seconds == 0


class Answers(Prometheus):
    """A Prometheus that answers from a table: (series, color) to value."""

    def __init__(self, table: Mapping[tuple[str, str], float]) -> None:
        self.table = table

    def vector(self, query: str) -> list[Sample]:
        assert 'namespace="legal-ai"' in query
        return [
            Sample({"color": color}, value)
            for (name, color), value in self.table.items()
            if f"({name}{{" in query
        ]


TABLE = {
    (series.GATEWAY_SERVICES, "blue"): 2.0,
    (series.REQUESTS_COUNT, "blue"): 900.0,
    (series.REQUESTS_RATE, "blue"): 3.0,
    (series.ERRORS_RATIO, "blue"): 0.0,
    (series.LATENCY_P95, "blue"): 0.04,
    (series.GATEWAY_SERVICES, "green"): 2.0,
    (series.REQUESTS_COUNT, "green"): 100.0,
    (series.REQUESTS_RATE, "green"): 0.3,
    (series.ERRORS_RATIO, "green"): 0.07,
    (series.LATENCY_P95, "green"): 0.05,
}


def test_each_color_gets_its_own_numbers_and_what_is_not_there_is_none() -> None:
    table = {key: value for key, value in TABLE.items() if key != (series.ERRORS_RATIO, "green")}
    assert look(Answers(table), "legal-ai") == {
        BLUE: Reading(2, 900, 3, 0, 0.04),
        GREEN: Reading(2, 100, 0.3, None, 0.05),
    }


def shift(**changes: object) -> Shift:
    return Shift(
        id="1",
        target=GREEN,
        version="v2",
        steps=(10, 100),
        step_seconds=0.001,
        switch_seconds=0.001,
        phase=Phase.WATCHING,
        started="",
        by="",
    ).updated(**changes)


@pytest.mark.parametrize(
    ("at", "words"),
    [(0, "other color"), (1, "is the limit"), (2, "is the limit")],
)
def test_the_other_color_is_asked_as_long_as_it_has_traffic(at: int, words: str) -> None:
    watcher = PrometheusWatcher(
        connect=lambda: Answers(TABLE),
        namespace="legal-ai",
        limits=LIMITS,
        rhythm=Rhythm(every=0.001, silence=1),
        say=lambda _: None,
    )
    verdict = watcher.step(shift(step=at), lambda: "")
    assert verdict.kind is Kind.BAD
    assert words in verdict.reason
    assert ("other color" in verdict.reason) is (at == 0)


def test_the_color_that_serves_is_judged_before_anything_moves() -> None:
    watcher = PrometheusWatcher(lambda: Answers(TABLE), "legal-ai", LIMITS, rhythm(15, 15), print)
    assert watcher.before(BLUE).kind is Kind.GOOD
    assert watcher.before(GREEN).kind is Kind.BAD


def test_a_number_that_is_just_missing_is_asked_for_once_more_and_not_for_ever() -> None:
    silent = {(name, color): value for (name, color), value in TABLE.items() if color != "blue"}
    answers, pauses = Answers(silent), list[float]()
    watcher = PrometheusWatcher(
        lambda: answers, "legal-ai", LIMITS, rhythm(15, 15), print, pauses.append
    )
    assert watcher.before(BLUE).kind is Kind.SILENT
    assert pauses == [15, 15]

    def appear(_: float) -> None:
        answers.table = TABLE

    late = replace(watcher, pause=appear)
    assert late.before(BLUE).kind is Kind.GOOD


def test_it_looks_no_more_often_than_prometheus_does_and_waits_for_several_of_its_rounds() -> None:
    assert rhythm(15, 15) == Rhythm(every=15, silence=180)
    assert rhythm(1, 1) == Rhythm(every=1, silence=12)
    assert rhythm(30, 60).every == 15
