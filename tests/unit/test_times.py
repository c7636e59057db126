"""Times as text, for programs and for people."""

from datetime import datetime, timedelta, timezone

import pytest

from ops.times import ago, moment, rfc3339, stamp


def test_moments_are_told_in_utc_to_the_microsecond() -> None:
    at = datetime(2025, 10, 14, 3, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(at) == "2025-10-14T01:00:00.000005Z"
    assert stamp(at) == "2025-10-14T01:00:00Z"


def test_people_read_a_time_in_utc() -> None:
    assert moment("2025-10-14T03:00:00.000005+02:00") == "2025-10-14 01:00:00"
    assert moment("2025-10-14T01:00:00Z", " UTC") == "2025-10-14 01:00:00 UTC"


@pytest.mark.parametrize("text", ["2025-10-14T01:00:00", "an unknown time", ""])
def test_what_is_no_time_or_has_no_zone_stays_as_it_is(text: str) -> None:
    assert moment(text, " UTC") == text


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=90), "90 s"),
        (timedelta(minutes=42), "42 min"),
        (timedelta(hours=3.5), "3.5 h"),
        (timedelta(days=12), "12 days"),
    ],
)
def test_spans_are_told_as_people_say_them(span: timedelta, told: str) -> None:
    assert ago(span) == told
