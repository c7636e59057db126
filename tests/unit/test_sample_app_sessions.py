"""Whose tokens the backend takes for sessions while its secret is changed."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from sample_app.backend.legal_ai.auth import make_token, user_of
from sample_app.backend.legal_ai.sessions import Sessions
from sample_app.backend.legal_ai.settings import read_settings

LEAST = {"DATABASE_URL": "postgresql+psycopg://db/legal_ai", "REDIS_URL": "redis://cache"}
OLD, NOW, COMING = (f"{name}-secret-of-32-bytes-or-more-here" for name in ("old", "now", "next"))


class Shared:
    """As much of the process's services as is asked."""

    def __init__(self, **secrets: str) -> None:
        self.settings = read_settings({**LEAST, **secrets})
        self.sessions = Sessions()


def who(shared: Any, token: str) -> Any:
    header = (b"authorization", f"Bearer {token}".encode())
    return user_of(Request({"type": "http", "headers": [header]}), shared)


def test_tokens_of_the_secret_to_come_and_of_the_one_before_are_sessions_too() -> None:
    shared = Shared(JWT_SECRET=NOW, JWT_SECRET_NEXT=COMING, JWT_SECRET_PREVIOUS=OLD)
    user = uuid4()
    for secret in (OLD, NOW, COMING):
        assert who(shared, make_token(user, secret, time.time())) == user


def test_without_them_the_one_secret_is_all_and_an_empty_one_opens_nothing() -> None:
    shared = Shared(JWT_SECRET=NOW, JWT_SECRET_NEXT="", JWT_SECRET_PREVIOUS="")
    assert shared.settings.other_jwt_secrets == ()
    for secret in (OLD, COMING):
        with pytest.raises(HTTPException):
            who(shared, make_token(uuid4(), secret, time.time()))
