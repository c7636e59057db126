"""Clearing by prefix, and ending all sessions, in a real Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.maintenance import CACHE, NOT_BEFORE, SCANNED_AT_ONCE, SESSIONS, SharedRedis
from tests.integration.test_worker import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop()


def shared(server: Server) -> SharedRedis:
    return SharedRedis(f"redis://127.0.0.1:{server.port}/0")


def test_all_of_a_prefix_goes_however_much_it_is_and_nothing_else(server: Server) -> None:
    count = 3 * SCANNED_AT_ONCE + 1
    server.client.mset({f"{CACHE}s3:documents:{n}": "x" for n in range(count)})
    others = {"legal-ai:cached": "1", "legal-ai:jobs": "1", f"{SESSIONS}1": "1"}
    server.client.mset(others)
    assert shared(server).count(CACHE) == count
    assert shared(server).clear(CACHE) == count
    assert set(server.client.keys()) == set(others)
    assert shared(server).clear(CACHE) == 0


def test_a_prefix_is_meant_as_it_stands_and_is_no_pattern(server: Server) -> None:
    keys = [f"{CACHE}[a]*:1", f"{CACHE}a:1", f"{CACHE}ab:1", f"{CACHE}[a]?:1"]
    server.client.mset(dict.fromkeys(keys, "x"))
    assert shared(server).clear(f"{CACHE}[a]*") == 1
    assert set(server.client.keys()) == set(keys[1:])


def test_sessions_that_began_until_now_are_over_and_those_of_tomorrow_are_not(
    server: Server,
) -> None:
    before = int(time.time())
    moment = shared(server).end_sessions()
    assert before <= moment <= time.time() + 1
    assert server.client.get(NOT_BEFORE) == str(moment)
    assert int(server.client.ttl(NOT_BEFORE)) > 8 * 3600
