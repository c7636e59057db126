"""Health: of the process, of what it depends on, and whether it wants traffic."""

import asyncio
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .services import Services, services
from .tables import schema_level

CHECK_SECONDS = 2.0
UNDEFINED_TABLE = "42P01"


async def live(request: Request) -> Response:
    """GET: the process runs. Asks nothing else, so a sick database restarts no pod."""
    return _answer(services(request))


async def database(request: Request) -> Response:
    """GET: the database answers and its schema fits this release."""
    shared = services(request)
    problem, schema = await check_database(shared)
    return _answer(shared, problem, schema=schema)


async def redis(request: Request) -> Response:
    """GET: Redis answers."""
    shared = services(request)
    return _answer(shared, await check_redis(shared))


async def ready(request: Request) -> Response:
    """GET: this pod wants traffic. Not while it drains or lacks what it depends on."""
    shared = services(request)
    if shared.drain.draining:
        return _answer(shared, "shutting down")
    if shared.faults.now.unready:
        return _answer(shared, "a fault was injected: unready")
    (problem, schema), redis_problem = await asyncio.gather(
        check_database(shared), check_redis(shared)
    )
    problems = [text for text in (problem, redis_problem) if text]
    return _answer(shared, "; ".join(problems), schema=schema)


async def metrics(_: Request) -> Response:
    """GET: metrics in Prometheus' text format."""
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


async def check_database(shared: Services) -> tuple[str | None, dict[str, int]]:
    """Return what is wrong with the database (None: nothing) and the schema's numbers."""
    release = shared.release
    schema = {"image_level": release.level, "needs": release.needs}
    query = select(schema_level.c.level, schema_level.c.floor)
    try:
        async with asyncio.timeout(CHECK_SECONDS), shared.engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
    except TimeoutError:
        return f"database: no answer within {CHECK_SECONDS:g} s", schema
    except SQLAlchemyError as error:
        if not _lacks_table(error):
            return f"database: {_first_line(error)}", schema
        row = None
    if row is None:
        return release.refuses(None, 0), schema
    return release.refuses(row.level, row.floor), {**schema, "level": row.level, "floor": row.floor}


async def check_redis(shared: Services) -> str | None:
    """Return what is wrong with Redis; None: nothing."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await shared.redis.get("legal-ai:health")
    except TimeoutError:
        return f"redis: no answer within {CHECK_SECONDS:g} s"
    except RedisError as error:
        return f"redis: {_first_line(error)}"
    return None


def _answer(shared: Services, problem: str | None = None, **more: Any) -> Response:
    body = {
        "status": "unavailable" if problem else "ok",
        "color": shared.settings.color,
        "version": shared.release.version,
        **({"reason": problem} if problem else {}),
        **more,
    }
    return JSONResponse(body, status_code=503 if problem else 200)


def _lacks_table(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError) and (
        getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE
    )


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
