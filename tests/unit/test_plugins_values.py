"""What the engine sends and gets back: secrets, unknowns and whole numbers survive the way."""

import pytest

from local.plugins.values import (
    UNKNOWN,
    Secret,
    UnsupportedValueError,
    from_struct,
    has_secret,
    has_unknown,
    reveal,
    to_struct,
)

SIGNATURE = "4dabf18193072939515e22adb298388d"


def test_every_kind_of_value_comes_back_as_it_went() -> None:
    values = {
        "text": "a",
        "whole": 3,
        "part": 0.5,
        "yes": True,
        "list": [1, {"a": []}, "b"],
        "empty": {},
        "secret": Secret({"password": "hunter2", "ports": [1]}),
        "unknown": UNKNOWN,
    }
    assert from_struct(to_struct(values)) == values


def test_whole_numbers_are_ints_as_kubernetes_wants_them() -> None:
    assert repr(from_struct(to_struct({"port": 80.0}))) == "{'port': 80}"


def test_null_entries_of_objects_are_left_out() -> None:
    assert from_struct(to_struct({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


def test_revealing_takes_the_marks_off_at_every_depth() -> None:
    value = {"a": [Secret({"b": Secret(1)})]}
    assert reveal(value) == {"a": [{"b": 1}]}
    assert has_secret(value)
    assert not has_secret(reveal(value))


def test_an_unknown_inside_a_secret_is_found() -> None:
    assert has_unknown({"a": [Secret({"b": UNKNOWN})]})
    assert not has_unknown({"a": [Secret(1)]})


def test_a_resource_reference_becomes_its_id() -> None:
    reference = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:…", "id": "ns/name"}
    assert from_struct(to_struct({"ref": reference})) == {"ref": "ns/name"}


def test_an_asset_is_refused() -> None:
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "hello"}
    with pytest.raises(UnsupportedValueError, match="asset"):
        from_struct(to_struct({"file": asset}))
