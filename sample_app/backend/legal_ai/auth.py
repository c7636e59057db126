"""Log-in and sessions: a signed token, so either colour can read it and none has to remember it."""

import asyncio
import functools
import time
from uuid import UUID

import jwt
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .errors import json_object, refuse
from .passwords import hash_password, verify_password
from .services import Services, services
from .tables import shown_name

SESSION_SECONDS = 8 * 3600
ALGORITHM = "HS256"


@functools.cache
def _nobody() -> str:
    # Verified for users that don't exist, so that an answer's time doesn't tell who does.
    return hash_password("")


def make_token(user: UUID, secret: str, now: float) -> str:
    """Return a session token for `user`, valid for `SESSION_SECONDS` from `now` (Unix time)."""
    claims = {"sub": str(user), "iat": int(now), "exp": int(now) + SESSION_SECONDS}
    return jwt.encode(claims, secret, ALGORITHM)


def read_token(token: str, *secrets: str, not_before: int = 0) -> UUID | None:
    """Return whose session `token` is by any of `secrets`; None if expired, forged or no token.

    None, too, if it began before the second `not_before` (Unix time).
    """
    for secret in secrets:
        try:
            claims = jwt.decode(token, secret, [ALGORITHM], options={"require": ["sub", "exp"]})
            return UUID(claims["sub"]) if claims.get("iat", 0) >= not_before else None
        except (jwt.InvalidTokenError, ValueError):
            continue
    return None


def user_of(request: Request, shared: Services) -> UUID:
    """Return the id of the user who asks. Raises a 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    settings = shared.settings
    accepted = (settings.jwt_secret, *settings.other_jwt_secrets)
    since = shared.sessions.not_before
    is_bearer = scheme == "Bearer"
    user = read_token(token.strip(), *accepted, not_before=since) if is_bearer else None
    if user is None:
        raise refuse(401, "log in first: send Authorization: Bearer <access_token>")
    return user


async def login(request: Request) -> Response:
    """POST {username, password}: a token, or 401."""
    body = await json_object(request)
    username, password = body.get("username"), body.get("password")
    if not isinstance(username, str) or not isinstance(password, str):
        raise refuse(400, "username and password must be given as texts")
    shared = services(request)
    users = shared.users
    query = select(users.c.id, users.c.password_hash).where(users.c.email == username.lower())
    async with shared.engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    right = await asyncio.to_thread(_matches, password, row.password_hash if row else None)
    if row is None or not right:
        raise refuse(401, "user name or password is wrong")
    token = make_token(row.id, shared.settings.jwt_secret, time.time())
    return JSONResponse(
        {"access_token": token, "token_type": "bearer", "expires_in": SESSION_SECONDS}
    )


async def me(request: Request) -> Response:
    """GET the user who asks; 401 too if that user is gone."""
    shared = services(request)
    user, users = user_of(request, shared), shared.users
    columns = (users.c.id, users.c.email, users.c.organization, users.c.created_at)
    query = select(*columns, shown_name(users, shared.release)).where(users.c.id == user)
    async with shared.engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise refuse(401, "this user does not exist any more")
    return JSONResponse(
        {
            "id": str(row.id),
            "username": row.email,
            "full_name": row.full_name,
            "organization": row.organization,
            "created_at": row.created_at.isoformat(),
        }
    )


def _matches(password: str, stored: str | None) -> bool:
    return verify_password(password, stored or _nobody())
