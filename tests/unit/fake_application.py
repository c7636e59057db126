"""The application's interface in one process: what the checks ask of it, breakable place by place.

It serves the sample app's own page, so a browser finds there what users do.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

USER: Final = "test@example.com"
PASSWORD: Final = "s3cret pass/word"
TOKEN: Final = "eyJhbGci.payload.signature"
PAGE: Final = Path(__file__).parents[2] / "sample_app" / "frontend" / "page"

Answer = Callable[[Request], Awaitable[Response]]


class FakeApplication:
    """Users' view of one color. `instead` replaces an answer by (method, path).

    `asked` is every request so far; `documents` what is stored, by ID.
    """

    def __init__(self) -> None:
        self.color, self.version = "green", "v1.1.0"
        self.pods = ["pod-a"]
        self.documents: dict[str, dict[str, Any]] = {}
        self.profile: dict[str, Any] = {"full_name": "Smoke", "organization": "Chambers"}
        self.settings: dict[str, Any] = {
            "theme": "light",
            "language": "en",
            "email_notifications": True,
        }
        self.instead: dict[tuple[str, str], Answer] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.tokens: set[str] = set()

    def store(self, filename: str, age: timedelta = timedelta()) -> str:
        """Put a document in as if it had been uploaded so long ago; its ID."""
        document = str(uuid4())
        created = (datetime.now(UTC) - age).isoformat()
        self.documents[document] = {
            "document_id": document,
            "filename": filename,
            "size": 1,
            "analysis": None,
            "created_at": created,
        }
        return document

    async def answer(self, request: Request) -> Response:
        """One request."""
        asked = (request.method, request.url.path)
        self.asked.append(asked)
        self.tokens.add(request.headers.get("authorization", ""))
        response = await self.instead.get(asked, self._answer)(request)
        if self.color:
            response.headers.setdefault("X-App-Color", self.color)
            response.headers.setdefault("X-App-Version", self.version)
        if self.pods:
            response.headers["X-App-Pod"] = self.pods[len(self.asked) % len(self.pods)]
        for name, value in self.headers.items():
            response.headers[name] = value
        return response

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path == "/":
            return HTMLResponse(self._page())
        if path.endswith("health") or "/health/" in path:
            return JSONResponse({"status": "ok"})
        if path == "/api/auth/login":
            return self._login(await request.json())
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "log in first"}, 401)
        return await self._inside(request, path)

    async def _inside(self, request: Request, path: str) -> Response:
        if path == "/api/users/me":
            return JSONResponse({"username": USER, "full_name": self.profile["full_name"]})
        if path in {"/api/profile", "/api/settings"}:
            kept = self.profile if path == "/api/profile" else self.settings
            if request.method == "PUT":
                kept.update(await request.json())
            return JSONResponse(kept)
        return await self._documents(request)

    def _login(self, body: dict[str, str]) -> Response:
        if (body["username"], body["password"]) != (USER, PASSWORD):
            return JSONResponse({"error": f"wrong password {body['password']}"}, 401)
        return JSONResponse({"access_token": TOKEN, "token_type": "bearer"})

    async def _documents(self, request: Request) -> Response:
        path = request.url.path
        if path == "/api/documents/upload":
            async with request.form() as form:
                file = form["file"]
                assert isinstance(file, UploadFile)
                document = self.store(str(file.filename))
                self.documents[document]["size"] = size = len(await file.read())
            return JSONResponse({"document_id": document, "size": size}, 201)
        if path == "/api/documents/analyze":
            document = (await request.json())["document_id"]
            analysis = {"words": 12, "clauses": ["governing law"], "risks": [], "risk": 0}
            self.documents[document] |= {"analysis": analysis, "summary": "12 words, 1 clause."}
            return JSONResponse({"document_id": document, "analysis": analysis})
        if request.method == "DELETE":
            gone = self.documents.pop(path.rsplit("/", 1)[1], None)
            return Response(status_code=204 if gone else 404)
        words = request.query_params.get("q", "")
        found = [each for each in self.documents.values() if words in each["filename"]]
        return JSONResponse({"documents": found})

    def _page(self) -> str:
        parts = {
            "{{style}}": (PAGE / "style.css").read_text(),
            "{{script}}": (PAGE / "app.js").read_text(),
            "{{color}}": self.color,
            "{{version}}": self.version,
        }
        text = (PAGE / "index.html").read_text()
        for name, value in parts.items():
            text = text.replace(name, value)
        return text


def answering(data: Any, status: int = 200) -> Answer:
    """An answer that is always this JSON."""

    async def answer(request: Request) -> Response:
        return JSONResponse(data, status)

    return answer


@contextmanager
def serving(application: FakeApplication) -> Iterator[str]:
    """The address at which the application answers, on a free port of this machine."""
    methods = ["GET", "POST", "PUT", "DELETE"]
    route = Route("/{path:path}", application.answer, methods=methods)
    config = uvicorn.Config(
        Starlette(routes=[route]), host="127.0.0.1", port=0, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
