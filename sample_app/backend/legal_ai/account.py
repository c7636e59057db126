"""A user's profile and settings."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .auth import user_of
from .errors import json_object, refuse
from .services import services
from .tables import settings, shown_name

MAX_TEXT = 200
DEFAULTS: dict[str, Any] = {"theme": "light", "language": "en", "email_notifications": True}
THEMES = ("light", "dark")
LANGUAGES = ("en", "de", "fr", "es")


def checked_profile(body: dict[str, Any]) -> dict[str, str]:
    """Return what `body` changes in a profile. Raises a 422 naming the field that is wrong."""
    unknown = sorted(set(body) - {"full_name", "organization"})
    if unknown:
        raise refuse(422, f"unknown: {', '.join(unknown)}; a profile has full_name, organization")
    for name, value in body.items():
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise refuse(422, f"{name} must be a text of at most {MAX_TEXT} characters")
    return body


def checked_settings(body: dict[str, Any]) -> dict[str, Any]:
    """Return what `body` changes in the settings. Raises a 422 naming the field that is wrong."""
    unknown = sorted(set(body) - set(DEFAULTS))
    if unknown:
        raise refuse(422, f"unknown: {', '.join(unknown)}; settings are {', '.join(DEFAULTS)}")
    if body.get("theme", THEMES[0]) not in THEMES:
        raise refuse(422, f"theme must be one of {', '.join(THEMES)}")
    if body.get("language", LANGUAGES[0]) not in LANGUAGES:
        raise refuse(422, f"language must be one of {', '.join(LANGUAGES)}")
    if not isinstance(body.get("email_notifications", True), bool):
        raise refuse(422, "email_notifications must be true or false")
    return body


async def profile(request: Request) -> Response:
    """GET or PUT the profile; a PUT changes only what it names."""
    shared = services(request)
    user, users = user_of(request, shared), shared.users
    async with shared.engine.begin() as connection:
        if request.method == "PUT":
            changes = checked_profile(await json_object(request))
            if "full_name" in changes:
                changes |= shared.release.name_values(changes.pop("full_name"))
            if changes:
                await connection.execute(update(users).where(users.c.id == user).values(**changes))
        query = select(users.c.email, shown_name(users, shared.release), users.c.organization)
        row = (await connection.execute(query.where(users.c.id == user))).one_or_none()
    if row is None:
        raise refuse(401, "this user does not exist any more")
    return JSONResponse(
        {"username": row.email, "full_name": row.full_name, "organization": row.organization}
    )


async def preferences(request: Request) -> Response:
    """GET or PUT the settings; a PUT changes only what it names."""
    shared = services(request)
    user = user_of(request, shared)
    async with shared.engine.begin() as connection:
        if request.method == "PUT":
            changes = checked_settings(await json_object(request))
            write = insert(settings).values(user_id=user, preferences=changes)
            merged = settings.c.preferences.op("||")(write.excluded.preferences)
            await connection.execute(
                write.on_conflict_do_update(
                    index_elements=["user_id"], set_={"preferences": merged}
                )
            )
        query = select(settings.c.preferences).where(settings.c.user_id == user)
        stored = (await connection.execute(query)).scalar_one_or_none()
    return JSONResponse({**DEFAULTS, **(stored or {})})
