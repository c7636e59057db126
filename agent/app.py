"""The HTTP side: webhooks come in, metrics and the page go out. It decides nothing.

A webhook is refused without asking anybody else, and each kind of request has threads of its own:
neither a thousand refused ones nor people who look keep a real one waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent import metrics, page, webhook
from agent.webhook import Verdict, WebhookRefused
from ops.errors import CouldNotFindOut
from ops.failpoint import reach

if TYPE_CHECKING:
    from agent.inbox import Inbox
    from agent.metrics import Metrics
    from agent.overview import Overview
    from ops.agent import AgentSettings

log: Final = logging.getLogger(__name__)

BODY_SECONDS: Final = 5.0
"""How long a sender may take for its body."""
FAILPOINT: Final = "agent.accepted"

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """What requests are answered with.

    `wake` makes the leader look at once; `problem` says why this process can't go on, if so.
    """

    settings: AgentSettings
    token: str
    inbox: Inbox
    metrics: Metrics
    overview: Callable[[], Overview]
    wake: Callable[[], None]
    problem: Callable[[], str]
    webhooks: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(8))
    scrapes: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(2))
    pages: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(2))


def make_app(services: Services) -> Starlette:
    """The ASGI application."""

    async def take(request: Request) -> Response:
        return await _webhook(services, request)

    async def measure(_: Request) -> Response:
        text = await _in_thread(services.metrics.text, services.scrapes)
        return Response(text, media_type=metrics.CONTENT_TYPE)

    async def health(_: Request) -> Response:
        problem = services.problem()
        return PlainTextResponse(problem or "ok", status_code=503 if problem else 200)

    async def show(_: Request) -> Response:
        overview = await _in_thread(services.overview, services.pages)
        return HTMLResponse(page.render(services.settings, overview), headers=page.HEADERS)

    return Starlette(
        routes=[
            Route("/webhook", take, methods=["POST"]),
            Route("/metrics", measure),
            Route("/healthz", health),
            Route("/", show),
        ]
    )


async def _webhook(services: Services, request: Request) -> Response:
    """Keep what is new of a webhook, and answer only then: 503 makes Alertmanager send it again."""
    settings, count = services.settings, services.metrics.webhooks
    try:
        webhook.check_token(request.headers.get("authorization"), services.token)
        notification = webhook.read(await _body(request))
        alerts = webhook.check_ours(notification, settings.stack, settings.namespace)
    except WebhookRefused as refused:
        count.labels(refused.verdict).inc()
        sender = request.client.host if request.client else "somebody"
        log.warning("refused a webhook from %s (%s): %s", sender, refused.verdict, refused)
        return JSONResponse({"refused": str(refused)}, status_code=refused.status)
    if notification.truncated_alerts:
        count.labels(Verdict.TRUNCATED).inc()
        log.warning(
            "%d alerts were cut off a webhook, and nobody knows which: max_alerts of "
            "Alertmanager's receiver must be 0",
            notification.truncated_alerts,
        )
    count.labels(Verdict.IGNORED).inc(len(notification.alerts) - len(alerts))
    try:
        verdicts = await _in_thread(lambda: services.inbox.accept(alerts), services.webhooks)
    except CouldNotFindOut as error:
        count.labels(Verdict.UNSAVED).inc()
        log.warning("a webhook could not be kept, so its sender has to repeat it: %s", error)
        return JSONResponse({"repeat": str(error)}, status_code=503)
    for alert, verdict in zip(alerts, verdicts, strict=True):
        count.labels(verdict).inc()
        log.info("%s on %s, %s: %s", alert.name, alert.color, alert.status, verdict)
    reach(FAILPOINT)
    services.wake()
    return JSONResponse({"verdicts": [str(verdict) for verdict in verdicts]})


async def _body(request: Request) -> bytes:
    """The body, read no further than it may be long."""
    length = request.headers.get("content-length", "")
    if length.isdigit():
        webhook.check_size(int(length))
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                webhook.check_size(len(body))
    except (TimeoutError, ClientDisconnect) as error:
        raise WebhookRefused(
            Verdict.GARBAGE, 408, f"the body did not come whole within {BODY_SECONDS:g} s"
        ) from error
    return bytes(body)


async def _in_thread(act: Callable[[], T], limiter: anyio.CapacityLimiter) -> T:
    return await anyio.to_thread.run_sync(act, limiter=limiter)
