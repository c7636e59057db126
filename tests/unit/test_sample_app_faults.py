"""Faults are read from JSON written by tests: a typo there must not make a test pass."""

import pytest

from sample_app.backend.legal_ai.faults import NONE, Faults, FaultSwitch, key, parse


def test_nothing_and_an_empty_text_are_no_fault() -> None:
    assert parse(None) == parse("") == parse(b"{}") == NONE


def test_all_faults_are_read() -> None:
    text = '{"error_rate": 0.25, "latency_ms": 40, "crash": true, "unready": true}'
    assert parse(text) == Faults(error_rate=0.25, latency_ms=40, crash=True, unready=True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "no JSON"),
        ("[1]", "JSON object"),
        ('{"errorrate": 1}', "errorrate"),
        ('{"error_rate": 1.5}', "0..1"),
        ('{"error_rate": true}', "error_rate"),
        ('{"latency_ms": -1}', "latency_ms"),
        ('{"latency_ms": "10"}', "latency_ms"),
        ('{"crash": 1}', "crash"),
        ('{"unready": "yes"}', "unready"),
    ],
)
def test_what_is_no_fault_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse(text)


def test_each_colour_has_its_own_key() -> None:
    assert key("blue") == "legal-ai:faults:blue"


def test_an_error_rate_of_one_fails_every_request_and_of_zero_none() -> None:
    assert all(FaultSwitch(Faults(error_rate=1)).fails() for _ in range(100))
    assert not any(FaultSwitch(NONE).fails() for _ in range(100))
