"""Errors as JSON: `{"error": …}`; a database that is down or closed for writing is a 503."""

import json
import logging
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

log = logging.getLogger(__name__)

READ_ONLY_TRANSACTION = "25006"
INSUFFICIENT_PRIVILEGE = "42501"
RETRY_AFTER = {"retry-after": "5"}


def refuse(status: int, message: str) -> HTTPException:
    """Return the exception that answers `status` with `message`."""
    return HTTPException(status, message)


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body as a JSON object, whatever its content type says. Raises a 400."""
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise refuse(400, f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise refuse(400, "the body must be a JSON object")
    return body


async def on_http_error(_: Request, error: Exception) -> Response:
    """Answer an HTTPException."""
    assert isinstance(error, HTTPException)  # noqa: S101
    return JSONResponse(
        {"error": error.detail}, status_code=error.status_code, headers=error.headers
    )


async def on_database_error(_: Request, error: Exception) -> Response:
    """Answer 503 if the database is away or closed for writing; anything else is a bug, so 500."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in {READ_ONLY_TRANSACTION, INSUFFICIENT_PRIVILEGE}:
        reason = "writes are closed for maintenance"
    elif isinstance(error, PoolTimeout) or _is_away(error, state):
        reason = "the database does not answer"
    else:
        log.error("database error", exc_info=error)
        return JSONResponse({"error": "internal error"}, status_code=500)
    log.warning("%s: %s", reason, getattr(error, "orig", None) or error)
    return JSONResponse({"error": reason}, status_code=503, headers=RETRY_AFTER)


async def on_bug(_: Request, __: Exception) -> Response:
    """Answer 500 to what nobody expected; the server logs the traceback."""
    return JSONResponse({"error": "internal error"}, status_code=500)


def _is_away(error: Exception, state: str | None) -> bool:
    # 57P: the server is shutting down or starting up; 53: it is out of connections; 08: broken.
    if state is not None:
        return state[:2] in {"08", "53"} or state.startswith("57P")
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or type(error).__name__ == "OperationalError"
    )
