"""When a leaving server may close the connections it still holds."""

from sample_app.backend.legal_ai.drain import QUIET_SECONDS, Drain


def _leaving(limit: float = 10) -> tuple[Drain, float]:
    drain = Drain(limit=limit)
    drain.begin()
    assert drain.began is not None
    return drain, drain.began


def test_a_server_nobody_asked_to_leave_is_never_done() -> None:
    assert not Drain(limit=0).done(now=1e12)


def test_it_stays_until_nobody_has_asked_for_a_while() -> None:
    drain, began = _leaving()
    assert not drain.done(began + QUIET_SECONDS - 0.1)
    assert drain.done(began + QUIET_SECONDS)


def test_a_request_during_the_drain_keeps_it() -> None:
    drain, began = _leaving()
    drain.last_request = began + 1.5
    assert not drain.done(began + QUIET_SECONDS)


def test_a_request_in_flight_keeps_it_however_quiet_it_is() -> None:
    drain, began = _leaving()
    drain.in_flight = 1
    assert not drain.done(began + 9)


def test_the_limit_ends_it_all_the_same() -> None:
    drain, began = _leaving(limit=3)
    drain.in_flight = 1
    assert drain.done(began + 3)


def test_a_second_signal_does_not_start_the_clock_again() -> None:
    drain, began = _leaving()
    drain.begin()
    assert drain.began == began
