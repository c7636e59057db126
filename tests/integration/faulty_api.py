"""A proxy before the real API server that fails as such servers do: in bursts, and half-way."""

from __future__ import annotations

import base64
import json
import ssl
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import httpx2
from lightkube import Client, KubeConfig

from ops.cluster import Cluster
from tests.integration.kubectl import kubectl

SHORT_SECONDS: Final = 0.3
"""For what is asked through the proxy, so that one that never answers costs little."""


class Fault(StrEnum):
    """What happens to one request."""

    ERROR = "answered 500, and not done"
    CONFLICT = "answered 409, though nobody changed anything"
    GATEWAY = "answered 502 by something between, without a word"
    CLOSED = "not done, and the connection closed"
    SILENT = "not done, and never answered"
    DONE_ERROR = "done, and answered 500"
    DONE_CLOSED = "done, and the connection closed"

    @property
    def is_done(self) -> bool:
        """Whether the API server itself gets the request."""
        return self in {Fault.DONE_ERROR, Fault.DONE_CLOSED}


QUICK: Final = tuple(fault for fault in Fault if fault is not Fault.SILENT)
"""Those that nobody has to wait for."""


@dataclass
class FaultyApi:
    """`faults` go to the next requests in turn; with `each`, every request fails so once.

    `is_dead`: no request is done any more, and every connection is closed; so it is from the first
    request on for which `dies_at` is true.
    """

    url: str
    faults: deque[Fault] = field(default_factory=deque)
    each: tuple[Fault, ...] = ()
    is_dead: bool = False
    dies_at: Callable[[str], bool] = lambda _: False
    asked: int = 0
    _failed: set[str] = field(default_factory=set)

    def fault_of(self, request: str) -> Fault | None:
        """What happens to this request; the same one asked again at once is answered."""
        self.asked += 1
        self.is_dead = self.is_dead or self.dies_at(request)
        if self.is_dead:
            return Fault.CLOSED
        if self.faults:
            return self.faults.popleft()
        if not self.each:
            return None
        if request in self._failed:
            self._failed.discard(request)
            return None
        self._failed.add(request)
        return self.each[self.asked % len(self.each)]

    def cluster(self, namespace: str, seconds: float = SHORT_SECONDS) -> Cluster:
        """The namespace as one sees it through the proxy."""
        config = KubeConfig.from_dict(self.kubeconfig()).get()
        timeout = httpx2.Timeout(seconds)
        client = Client(config, namespace, timeout, field_manager="faulty")
        return Cluster(client, namespace)

    def kubeconfig(self) -> dict[str, Any]:
        """The operator's kubeconfig, with the proxy for the server."""
        found = _kubeconfig()
        through = {**found["clusters"][0], "cluster": {"server": self.url}}
        return {**found, "clusters": [through]}

    def write_kubeconfig(self, path: Path) -> Path:
        """Keep it in a file that nobody else can read."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.kubeconfig()))
        return path


@contextmanager
def faulty_api() -> Iterator[FaultyApi]:
    """A proxy on a free port of loopback, until the block ends; it passes everything at first."""
    ended = Event()
    with _upstream() as upstream, ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        served = FaultyApi(f"http://127.0.0.1:{server.server_port}")
        _Handler.served, _Handler.upstream, _Handler.ended = served, upstream, ended
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            ended.set()
            server.shutdown()
            thread.join()


@contextmanager
def namespace() -> Iterator[str]:
    """A namespace that goes away again."""
    name = f"fault-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


class _Handler(BaseHTTPRequestHandler):
    served: FaultyApi
    upstream: httpx2.Client
    ended: Event

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def _answer(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.served.fault_of(f"{self.command} {self.path} {body!r}")
        answer = None if fault and not fault.is_done else self._pass_on(body)
        if fault is Fault.SILENT:
            self.ended.wait(10 * SHORT_SECONDS)
        elif fault is Fault.GATEWAY:
            self._send(502, b"", {})
        elif fault is Fault.CONFLICT:
            self._send_status(409, "Conflict", "the object has been modified")
        elif fault in {Fault.ERROR, Fault.DONE_ERROR}:
            self._send_status(500, "InternalError", "etcdserver: request timed out")
        elif fault is None and answer is not None:
            headers = {"Content-Type": answer.headers["Content-Type"]}
            self._send(answer.status_code, answer.content, headers)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 names that the library wants

    def _pass_on(self, body: bytes) -> httpx2.Response:
        kept = {"authorization", "content-type", "accept"}
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        return self.upstream.request(self.command, self.path, content=body, headers=headers)

    def _send_status(self, code: int, reason: str, message: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
        content = json.dumps({**status, "reason": reason, "message": message}).encode()
        self._send(code, content, {"Content-Type": "application/json"})

    def _send(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _upstream() -> httpx2.Client:
    cluster = _kubeconfig()["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    trusted = ssl.create_default_context(cadata=authority)
    return httpx2.Client(base_url=cluster["server"], verify=trusted, timeout=10)


@cache
def _kubeconfig() -> dict[str, Any]:
    config: dict[str, Any] = json.loads(
        kubectl("config", "view", "--raw", "--minify", "-o", "json")
    )
    return config
