"""The outermost layer of the application: headers, metrics, faults and the polite end.

Plain ASGI, because every request passes here.
"""

import asyncio
import json
import time

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .drain import Drain
from .faults import FaultSwitch
from .release import Release
from .settings import Settings

REQUESTS = Counter("http_requests", "Requests answered.", ["status", "method", "path"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from the request's headers to the answer's end.",
    ["method", "path"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
INFO = Gauge("legal_ai_info", "Always 1; says what runs.", ["color", "version"])

# Asked by the node and by Prometheus, not by users: neither counted nor broken by faults.
PROBES = frozenset({"/ready", "/metrics"})
LIVENESS = "/health"

# The client went away before there was an answer (the number nginx uses).
NO_ANSWER = 499

_FAULT_BODY = json.dumps({"error": "a fault was injected"}).encode()


class Observe:
    """Wraps an ASGI application and adds what every answer has in common."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        release: Release,
        faults: FaultSwitch,
        drain: Drain,
    ) -> None:
        self._app = app
        self._faults = faults
        self._drain = drain
        self._headers = (
            (b"x-app-color", settings.color.encode()),
            (b"x-app-version", release.version.encode()),
            (b"x-app-pod", settings.pod.encode()),
        )
        INFO.labels(settings.color, release.version).set(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (or pass on the lifespan)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        probe = scope["path"] in PROBES
        status = NO_ANSWER

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *self._headers]
                if self._drain.draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        started = time.monotonic()
        drain = self._drain
        if not probe:
            drain.in_flight += 1
            drain.last_request = started
        try:
            if probe or scope["path"] == LIVENESS:
                await self._app(scope, receive, send_marked)
            else:
                await self._serve(scope, receive, send_marked)
        finally:
            if not probe:
                drain.in_flight -= 1
                drain.last_request = time.monotonic()
                route = scope.get("route")
                path = route.path if route is not None else "unmatched"
                REQUESTS.labels(str(status), scope["method"], path).inc()
                DURATION.labels(scope["method"], path).observe(drain.last_request - started)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults = self._faults
        if faults.now.latency_ms:
            await asyncio.sleep(faults.now.latency_ms / 1000)
        if faults.fails():
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(_FAULT_BODY)).encode()),
            ]
            await send({"type": "http.response.start", "status": 500, "headers": headers})
            await send({"type": "http.response.body", "body": _FAULT_BODY})
            return
        await self._app(scope, receive, send)
