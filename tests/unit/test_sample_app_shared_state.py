"""What both colors share besides the database: the cache, sessions, and closed writes."""

import asyncio
import base64
import json
import time
from typing import cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisDown
from starlette.testclient import TestClient

from ops import maintenance as maintenance_of_ops
from sample_app.backend.legal_ai import maintenance
from sample_app.backend.legal_ai.app import ROUTES, make_app
from sample_app.backend.legal_ai.auth import make_token, read_token
from sample_app.backend.legal_ai.cache import Cache
from sample_app.backend.legal_ai.drain import Drain
from sample_app.backend.legal_ai.faults import FaultSwitch, parse
from sample_app.backend.legal_ai.maintenance import Maintenance
from sample_app.backend.legal_ai.release import Release
from sample_app.backend.legal_ai.sessions import Sessions
from sample_app.backend.legal_ai.settings import Settings
from tests.waiting import until

SECRET = "a-secret-of-32-bytes-or-more-here"


class Memory:
    """Redis, as far as it is used here; None: it does not answer."""

    def __init__(self, values: dict[str, bytes] | None) -> None:
        self.values = values
        self.asked = 0

    async def get(self, key: str) -> bytes | None:
        self.asked += 1
        return self._all().get(key)

    async def aclose(self) -> None:
        """Nothing."""

    async def set(self, key: str, value: str, ex: int) -> None:
        self._all()[key] = value.encode()

    async def incr(self, key: str) -> None:
        self._all()[key] = str(int(self._all().get(key, b"0")) + 1).encode()

    def _all(self) -> dict[str, bytes]:
        if self.values is None:
            raise RedisDown("down")
        return self.values

    @property
    def client(self) -> Redis:
        return cast(Redis, self)


def test_releases_of_different_levels_never_read_each_others_entries_but_each_others_writes() -> (
    None
):
    async def story() -> None:
        redis, user = Memory({}), uuid4()
        old, new = Cache(redis.client, 3), Cache(redis.client, 4)
        old_key, new_key = await old.documents_key(user), await new.documents_key(user)
        assert old_key == f"legal-ai:cache:s3:documents:{user}:0"
        await old.put(old_key, ["as the old release has it"])
        assert await new.get(new_key) is None
        await new.forget_documents(user)
        assert await old.get(await old.documents_key(user)) is None

    asyncio.run(story())


def test_a_session_begun_in_one_color_is_read_by_the_other() -> None:
    user = uuid4()
    token = make_token(user, SECRET, now=time.time())
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert set(claims) == {"sub", "iat", "exp"}, "a claim that another release may not know"
    assert read_token(token, SECRET) == user
    assert read_token(token, SECRET.upper()) is None


def test_a_session_that_began_before_all_were_ended_is_over_and_a_later_one_is_not() -> None:
    async def story() -> None:
        redis, found, user = Memory({}), Sessions(), uuid4()
        old, new = (make_token(user, SECRET, now=time.time() - age) for age in (60, 0))
        await found.look(redis.client)
        assert read_token(old, SECRET, not_before=found.not_before) == user
        redis.values = {maintenance_of_ops.NOT_BEFORE: str(int(time.time()) - 30).encode()}
        await found.look(redis.client)
        assert read_token(old, SECRET, not_before=found.not_before) is None
        assert read_token(new, SECRET, not_before=found.not_before) == user
        for answer in (None, {maintenance_of_ops.NOT_BEFORE: b"soon"}):
            redis.values = answer
            await found.look(redis.client)
            assert read_token(old, SECRET, not_before=found.not_before) is None

    asyncio.run(story())


def test_the_application_refuses_such_a_session_within_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redis = Memory({})
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: redis)
    settings = Settings("blue", "postgresql+psycopg://nobody@127.0.0.1:1/none", "", SECRET)
    app = make_app(settings, Release("v1.4.0", 6, 5), FaultSwitch(parse("")), Drain(1.0))
    token = make_token(uuid4(), SECRET, now=time.time() - 60)

    with TestClient(app) as client:

        def status() -> int:
            head = {"authorization": f"Bearer {token}"}
            # Nobody answers for the database: whoever is let in gets 503.
            return client.get("/api/users/me", headers=head).status_code

        assert status() == 503
        redis.values = {maintenance_of_ops.NOT_BEFORE: str(int(time.time())).encode()}
        until(lambda: status() == 401, "the session is over", 10)


def test_writes_are_shut_within_a_second_of_the_key_and_redis_is_asked_no_more_than_that() -> None:
    async def story() -> None:
        redis, now = Memory({}), [100.0]
        found = Maintenance(redis.client, lambda: now[0])
        assert await found.reason() is None
        redis.values = {maintenance.KEY: b'{"reason": "a restore", "since": "now", "by": "me"}'}
        now[0] += 0.9
        assert await found.reason() is None
        assert redis.asked == 1
        now[0] += 0.2
        assert [await found.reason() for _ in range(5)] == ["a restore"] * 5
        assert redis.asked == 2
        redis.values = {}
        now[0] += 1.0
        assert await found.reason() is None

    asyncio.run(story())


def test_without_redis_there_is_no_maintenance_and_it_is_not_asked_for_each_write() -> None:
    async def story() -> None:
        redis = Memory(None)
        found = Maintenance(redis.client, lambda: 100.0)
        assert [await found.reason() for _ in range(3)] == [None] * 3
        assert redis.asked == 1

    asyncio.run(story())


@pytest.mark.parametrize("value", [b"", b"yes", b"[]", b"{}", b"null"])
def test_a_key_that_cannot_be_understood_shuts_writes_all_the_same(value: bytes) -> None:
    redis = Memory({maintenance.KEY: value})
    assert asyncio.run(Maintenance(redis.client).reason()) == "no reason was given"


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The application in maintenance; its database is nowhere."""
    redis = Memory({maintenance.KEY: json.dumps({"reason": "a restore"}).encode()})
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: redis)
    settings = Settings("blue", "postgresql+psycopg://nobody@127.0.0.1:1/none", "", SECRET)
    release = Release("v1.4.0", 6, 5)
    return TestClient(make_app(settings, release, FaultSwitch(parse("")), Drain(1.0)))


def test_in_maintenance_every_write_but_logging_in_is_told_to_come_again(shut: TestClient) -> None:
    answers = {
        (method, route.path): shut.request(method, route.path.replace("{document_id}", "1"))
        for route in ROUTES
        for method in sorted(route.methods or ())
        if method != "HEAD"
    }
    refused = {
        call
        for call, response in answers.items()
        if response.status_code == 503 and "closed for maintenance: a restore" in response.text
    }
    assert refused == {
        ("POST", "/api/documents/upload"),
        ("POST", "/api/documents/analyze"),
        ("DELETE", "/api/documents/{document_id}"),
        ("PUT", "/api/profile"),
        ("PUT", "/api/settings"),
    }
    for call in refused:
        assert int(answers[call].headers["retry-after"]) > 0
        assert answers[call].headers["x-app-color"] == "blue"
    assert answers[("POST", "/api/auth/login")].status_code == 400
    assert answers[("GET", "/health")].status_code == 200


def test_refused_writes_are_counted_under_the_path_of_their_route(shut: TestClient) -> None:
    shut.delete("/api/documents/1")
    counted = (
        'http_requests_total{method="DELETE",path="/api/documents/{document_id}",status="503"}'
    )
    assert counted in shut.get("/metrics").text
