"""What the checks print and write: the verdict of a list, JUnit's XML, and no secret in either."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ops import checklist, junit
from ops.application.hiding import Hidden
from ops.checklist import Line, Verdict
from ops.errors import CouldNotFindOut, Refused, UsageError

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GOOD = Line("health", "good", "green v1", 0.25)
FLAKY = Line("page", "good", "2 bytes", 1.0, retries=2)
BAD = Line("database", "bad", "503 <down> & \x00\x1b[31m out", 0.5)
UNKNOWN = Line("Redis", "unknown", "nothing listens", 3.0)
SKIPPED = checklist.not_tried("upload", "no earlier check found a token")


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([GOOD, FLAKY], "good"),
        ([GOOD, UNKNOWN], "unknown"),
        ([GOOD, SKIPPED], "unknown"),
        ([UNKNOWN, BAD, GOOD], "bad"),
        ([], "unknown"),
    ],
)
def test_a_list_is_only_good_if_every_line_is(lines: list[Line], verdict: Verdict) -> None:
    assert checklist.worst(lines) == verdict
    assert checklist.as_data(lines)["verdict"] == verdict


def test_bad_ends_with_1_and_unknown_with_3_and_both_name_their_lines() -> None:
    checklist.enforce([GOOD, FLAKY], "smoke tests")
    with pytest.raises(Refused, match="database: 503"):
        checklist.enforce([GOOD, BAD, UNKNOWN], "smoke tests")
    with pytest.raises(CouldNotFindOut, match="not tried: no earlier check"):
        checklist.enforce([GOOD, SKIPPED], "smoke tests")
    with pytest.raises(CouldNotFindOut, match="no check ran"):
        checklist.enforce([], "smoke tests")


def test_broken_connections_are_counted_and_seen() -> None:
    assert checklist.as_data([GOOD, FLAKY])["flaky"] == 2
    assert "flaky: 2 broken connections" in str(FLAKY)
    assert "flaky" not in str(GOOD)


def written(lines: list[Line]) -> ET.Element:
    """The suite in the document."""
    return ET.fromstring(junit.xml("smoke tests", lines, AT))[0]  # noqa: S314 our own


def test_junit_tells_bad_unknown_and_not_tried_apart() -> None:
    suite = written([GOOD, FLAKY, BAD, UNKNOWN, SKIPPED])
    counts = {key: suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    assert suite.attrib["timestamp"] == "2026-01-02T03:04:05"
    assert suite.attrib["time"] == "4.750"
    kinds = {case.attrib["name"]: [part.tag for part in case] for case in suite}
    assert kinds == {
        "health": [],
        "page": ["properties"],
        "database": ["failure"],
        "Redis": ["error"],
        "upload": ["skipped"],
    }


def test_junit_holds_whatever_an_answer_may_say() -> None:
    (case,) = written([BAD])
    assert case[0].attrib["message"] == "503 <down> & \ufffd\ufffd[31m out"


def test_a_report_that_could_not_be_written_is_a_usage_error(tmp_path: Path) -> None:
    junit.require_place(tmp_path / "report.xml")
    for place in (tmp_path, tmp_path / "nowhere" / "report.xml"):
        with pytest.raises(UsageError, match="a file in a folder that is there"):
            junit.require_place(place)


@pytest.mark.parametrize("secret", ['a"b', "a b/c&d", "plain", "a\\n"])
def test_a_secret_is_hidden_in_every_form_it_is_written_in(secret: str) -> None:
    hidden = Hidden()
    hidden.add(secret)
    told = "".join(hidden._forms)
    assert hidden.hide(f"it is {told}.").strip("*") == "it is " + "***" * len(hidden._forms) + "."
    assert secret not in repr(hidden)


def test_a_secret_inside_a_longer_one_leaves_nothing_of_it() -> None:
    hidden = Hidden()
    hidden.add("pass")
    hidden.add("password-1")
    assert hidden.hide("password-1 and pass") == "*** and ***"


def test_an_empty_secret_hides_nothing() -> None:
    hidden = Hidden()
    hidden.add("")
    assert hidden.hide("text") == "text"
