"""An HTTP server that answers as it is told, and remembers what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request; `body` is JSON's data, or a form's fields."""

    method: str
    path: str
    params: dict[str, list[str]]
    body: Any
    authorization: str


@dataclass
class JsonServer:
    """Answers by `METHOD /path`: a status and JSON's data, or the text of something else."""

    url: str
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def json_server() -> Iterator[JsonServer]:
    """A server on a free port of loopback, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            is_json = "json" in self.headers.get("Content-Type", "")
            body = json.loads(text) if is_json else parse_qs(text)
            authorization = self.headers.get("Authorization", "")
            params = parse_qs(parts.query)
            served.asked.append(Asked(self.command, parts.path, params, body, authorization))
            status, data = served.answers.get(f"{self.command} {parts.path}", (404, "not found"))
            content = (data if isinstance(data, str) else json.dumps(data)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 names that the library wants

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = JsonServer(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
