"""Sentry's new issues: what is new, and that silence of any kind is not "nothing new"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.closing.reported import nothing_new
from ops.color import Color
from ops.diagnosis import reported
from ops.diagnosis.cause import Weight
from ops.errors import CouldNotFindOut, Refused
from ops.release_facts import SentryFacts
from tests.unit.json_server import JsonServer, json_server

RELEASE = "GET /api/0/organizations/acme/releases/v2/"
ISSUES = "GET /api/0/projects/acme/backend/issues/"


def issue(title: str) -> dict[str, Any]:
    return {"title": title, "count": "7", "permalink": "https://sentry.test/issues/1/"}


@pytest.fixture
def sentry() -> Iterator[JsonServer]:
    """Knows v2 in project backend, and no new issue."""
    with json_server() as server:
        server.answers[RELEASE] = (200, {"version": "v2", "projects": [{"slug": "backend"}]})
        server.answers[ISSUES] = (200, [])
        yield server


def facts(server: JsonServer) -> SentryFacts:
    return SentryFacts.model_validate(
        {"url": server.url, "organization": "acme", "project": "backend", "token": "t0ken"}
    )


def test_a_release_without_new_issues_is_good_and_was_asked_for_by_its_version(
    sentry: JsonServer,
) -> None:
    assert nothing_new(facts(sentry), "v2") == "no unresolved issue was first seen in v2"
    assert sentry.asked[-1].params["query"] == ['is:unresolved firstRelease:"v2"']
    assert {asked.authorization for asked in sentry.asked} == {"Bearer t0ken"}


def test_new_issues_are_bad_and_named_with_their_pages(sentry: JsonServer) -> None:
    sentry.answers[ISSUES] = (200, [issue(f"KeyError {n}") for n in range(7)])
    with pytest.raises(Refused, match="7 kinds of errors are new in v2") as raised:
        nothing_new(facts(sentry), "v2")
    assert "KeyError 0 (7 times): https://sentry.test/issues/1/" in str(raised.value)
    assert "and 2 more" in str(raised.value)


def test_a_release_that_sentry_never_heard_of_is_not_one_without_errors(
    sentry: JsonServer,
) -> None:
    sentry.answers[RELEASE] = (404, {"detail": "The requested resource does not exist"})
    with pytest.raises(CouldNotFindOut, match="does the application report v2 as its release"):
        nothing_new(facts(sentry), "v2")


def test_a_release_of_another_project_says_nothing_of_this_one(sentry: JsonServer) -> None:
    sentry.answers[RELEASE] = (200, {"projects": [{"slug": "frontend"}]})
    with pytest.raises(CouldNotFindOut, match="knows v2 in frontend, not in backend"):
        nothing_new(facts(sentry), "v2")


@pytest.mark.parametrize("answer", [(401, {"detail": "Invalid token"}), (200, "<html>")])
def test_no_answer_is_unknown_and_shows_no_token(sentry: JsonServer, answer: Any) -> None:
    sentry.answers[ISSUES] = answer
    with pytest.raises(CouldNotFindOut) as raised:
        nothing_new(facts(sentry), "v2")
    assert "release.sentry" in str(raised.value)
    assert "t0ken" not in str(raised.value)


def test_unconfigured_is_unknown_and_says_what_to_set() -> None:
    with pytest.raises(CouldNotFindOut, match=r"release\.sentry\.organization"):
        nothing_new(None, "v2")


def test_the_diagnosis_names_new_errors_of_each_color_with_the_way_back(
    sentry: JsonServer,
) -> None:
    sentry.answers[ISSUES] = (200, [issue("KeyError")])
    (cause,) = reported.look(facts(sentry), {Color.GREEN: "v2"})
    assert (cause.weight, cause.found) == (
        Weight.BAD,
        "green: 1 kinds of errors are new in v2",
    )
    assert "emergency_rollback.py` gives blue" in cause.mend
    assert cause.evidence == ("KeyError (7 times): https://sentry.test/issues/1/",)


def test_a_diagnosis_without_sentry_is_told_so_and_is_not_spoiled_by_it() -> None:
    (cause,) = reported.look(None, {Color.GREEN: "v2"})
    assert cause.weight is Weight.HINT
    assert "release.sentry" in cause.mend
