"""What an API server's answers mean, and whose a write is that had none."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from lightkube import ApiError

from ops import api_server
from ops.api_server import ApiServer, Conflict, NotThere, holds, to_version
from ops.errors import CouldNotFindOut, NoAccess, OpsError

SERVER = ApiServer("https://api.test", "legal-ai")
REQUEST = httpx2.Request("PATCH", "https://api.test/x")
PATCH = {"metadata": {"resourceVersion": "7"}, "data": {"key": "ours"}}


def answer(code: int, reason: str = "", message: str = "told") -> ApiError:
    status = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return ApiError(REQUEST, httpx2.Response(code, json=status, request=REQUEST))


def asked(error: Exception, *answers: str) -> BaseException:
    """What comes of a call that always fails so."""

    def call() -> None:
        raise error

    with pytest.raises((OpsError, NotThere, KeyError)) as caught:
        SERVER.ask("patch ConfigMap x", call, answers)
    return caught.value


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "RETRY_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("found", "patch", "is_so"),
    [
        ({"data": {"a": "1", "b": "2"}}, {"data": {"a": "1"}}, True),
        ({"data": {"a": "2"}}, {"data": {"a": "1"}}, False),
        ({"data": {"a": "1"}}, {"data": {"a": "1", "b": None}}, True),
        ({"data": {"a": "1", "b": "2"}}, {"data": {"a": "1", "b": None}}, False),
        ({"metadata": {"resourceVersion": "8"}}, {"metadata": {"resourceVersion": "7"}}, True),
        ({"spec": {"rules": [1, 2]}}, {"spec": {"rules": [1]}}, False),
        ({"spec": "text"}, {"spec": {"rules": []}}, False),
        ({}, {"data": {}}, False),
    ],
)
def test_an_object_is_compared_with_what_a_patch_leaves(
    found: dict[str, Any], patch: dict[str, Any], is_so: bool
) -> None:
    assert holds(found, patch) is is_so


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (answer(401), NoAccess, 2),
        (answer(403, "Forbidden"), NoAccess, 2),
        (answer(403, "Forbidden", "policy held-color denied request: green is held"), OpsError, 3),
        (answer(422, "Invalid"), CouldNotFindOut, 3),
        (answer(409, "Conflict"), CouldNotFindOut, 3),
        (answer(503), CouldNotFindOut, 3),
        (httpx2.ConnectError("refused"), CouldNotFindOut, 3),
        (ValueError("JSON is malformed"), CouldNotFindOut, 3),
    ],
)
def test_each_answer_has_its_exit_code(error: Exception, kind: type[OpsError], code: int) -> None:
    found = asked(error)
    assert isinstance(found, kind)
    assert found.exit_code == code
    assert "patch ConfigMap x in legal-ai" in str(found)


def test_what_is_not_there_and_what_was_changed_are_answers() -> None:
    assert isinstance(asked(answer(404)), NotThere)
    assert isinstance(asked(answer(409, "Conflict"), "Conflict"), Conflict)


def test_a_mistake_in_the_program_is_not_put_on_the_server() -> None:
    assert isinstance(asked(KeyError("Foo")), KeyError)


@pytest.mark.parametrize("may_be_ours", [False, True])
@pytest.mark.parametrize("theirs", ["ours", "another's", None])
def test_a_write_is_ours_only_if_an_answer_was_lost_and_the_object_is_as_we_left_it(
    may_be_ours: bool, theirs: str | None
) -> None:
    def write() -> dict[str, Any]:
        raise Conflict("it is newer", may_be_ours=may_be_ours)

    there = theirs and {"metadata": {"resourceVersion": "8"}, "data": {"key": theirs}}
    if may_be_ours and theirs == "ours":
        assert to_version(PATCH, write, lambda: there or None) == there
    else:
        with pytest.raises(Conflict):
            to_version(PATCH, write, lambda: there or None)


def test_a_conflict_with_nobody_is_tried_again_and_is_no_answer_in_the_end() -> None:
    tried = []

    def write() -> dict[str, Any]:
        tried.append(1)
        raise Conflict("it is newer")

    with pytest.raises(CouldNotFindOut, match="nobody changed it"):
        to_version(PATCH, write, lambda: PATCH)
    assert len(tried) > 1
