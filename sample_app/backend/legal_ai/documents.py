"""Documents: upload, list, search, analyse, delete. Their content lives in PostgreSQL only."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, Select, delete, insert, or_, select, update
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .analysis import analyze, readable, summarize
from .auth import user_of
from .errors import json_object, refuse
from .services import Services, services

LIST_LIMIT = 100
MAX_QUERY = 200
MAX_FILENAME = 255

# What a multipart form adds around the file, in bytes.
FORM_OVERHEAD = 64 * 1024


async def upload(request: Request) -> Response:
    """POST a multipart form with one `file`: 201 and the document's id."""
    shared = services(request)
    user = user_of(request, shared)
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > shared.settings.max_upload + FORM_OVERHEAD:
        raise refuse(413, f"a document may have at most {shared.settings.max_upload} bytes")
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise refuse(400, "send one file as the multipart field `file`")
        content = await file.read()
        filename = file.filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "")
        content_type = file.content_type or "application/octet-stream"
    text = await asyncio.to_thread(readable, content)
    document = uuid4()
    values = {
        "id": document,
        "owner_id": user,
        "filename": filename[-MAX_FILENAME:],
        "content_type": content_type[:MAX_FILENAME],
        "size": len(content),
        "content": content,
        "text": text,
    }
    async with shared.engine.begin() as connection:
        await connection.execute(insert(shared.documents).values(**values))
    await shared.cache.forget_documents(user)
    answer = {"document_id": str(document), "filename": values["filename"], "size": len(content)}
    return JSONResponse(answer, status_code=201)


async def listing(request: Request) -> Response:
    """GET the user's newest documents."""
    shared = services(request)
    user = user_of(request, shared)
    key = await shared.cache.documents_key(user)
    found = await shared.cache.get(key)
    if found is None:
        found = await _read(shared, _newest(shared, user))
        await shared.cache.put(key, found)
    return JSONResponse({"documents": found})


async def search(request: Request) -> Response:
    """GET ?q=: the user's documents that contain the text, newest first."""
    shared = services(request)
    user = user_of(request, shared)
    words = request.query_params.get("q", "").strip()
    if not words or len(words) > MAX_QUERY:
        raise refuse(400, f"say what to search: ?q= with 1 to {MAX_QUERY} characters")
    table = shared.documents
    columns: list[ColumnElement[Any]] = [table.c.filename, table.c.text]
    if shared.release.has_summaries:
        columns.append(table.c.summary)
    matches = or_(*(column.icontains(words, autoescape=True) for column in columns))
    found = await _read(shared, _newest(shared, user).where(matches))
    return JSONResponse({"query": words, "documents": found})


async def analysis(request: Request) -> Response:
    """POST {document_id}: analyse the document and keep what was found."""
    shared = services(request)
    user = user_of(request, shared)
    document = _document_id((await json_object(request)).get("document_id"))
    table = shared.documents
    mine = (table.c.id == document) & (table.c.owner_id == user)
    async with shared.engine.connect() as connection:
        row = (await connection.execute(select(table.c.text).where(mine))).one_or_none()
    if row is None:
        raise refuse(404, f"no document {document}")
    found = await asyncio.to_thread(analyze, row.text)
    values: dict[str, Any] = {"analysis": found.as_json()}
    if shared.release.has_summaries:
        values["summary"] = summarize(row.text, found)
    async with shared.engine.begin() as connection:
        await connection.execute(update(table).where(mine).values(**values))
    await shared.cache.forget_documents(user)
    return JSONResponse({"document_id": str(document), **values})


async def remove(request: Request) -> Response:
    """DELETE one of the user's documents: 204, or 404."""
    shared = services(request)
    user = user_of(request, shared)
    document = _document_id(request.path_params["document_id"])
    table = shared.documents
    mine = (table.c.id == document) & (table.c.owner_id == user)
    async with shared.engine.begin() as connection:
        removed = await connection.execute(delete(table).where(mine))
    if removed.rowcount == 0:
        raise refuse(404, f"no document {document}")
    await shared.cache.forget_documents(user)
    return Response(status_code=204)


def _document_id(given: object) -> UUID:
    try:
        return UUID(str(given))
    except ValueError as error:
        raise refuse(404, f"no document {given}") from error


def _newest(shared: Services, user: UUID) -> Select[Any]:
    table = shared.documents
    shown = [column for column in table.c if column.name not in ("content", "text", "owner_id")]
    newest = select(*shown).where(table.c.owner_id == user).order_by(table.c.created_at.desc())
    return newest.limit(LIST_LIMIT)


async def _read(shared: Services, query: Select[Any]) -> list[dict[str, Any]]:
    async with shared.engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [_shown(shared, row) for row in rows]


def _shown(shared: Services, row: Row[Any]) -> dict[str, Any]:
    shown = {
        "document_id": str(row.id),
        "filename": row.filename,
        "content_type": row.content_type,
        "size": row.size,
        "analysis": row.analysis,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }
    if shared.release.has_summaries:
        shown["summary"] = row.summary
    return shown
