"""The ASGI application: routes, errors, start and end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.routing import Route

from . import account, auth, documents, health
from .drain import Drain
from .errors import on_bug, on_database_error, on_http_error
from .faults import FaultSwitch
from .maintenance import ClosedWrites
from .observe import Observe
from .release import Release
from .services import make_services
from .settings import Settings


def _route(path: str, endpoint: Callable[..., Any], *methods: str) -> Route:
    """A route whose writes are closed during maintenance."""
    closing = [Middleware(ClosedWrites)]
    return Route(path, endpoint, methods=methods or ("GET",), middleware=closing)


ROUTES = [
    Route("/health", health.live),
    Route("/ready", health.ready),
    Route("/metrics", health.metrics),
    Route("/api/health", health.live),
    Route("/api/health/database", health.database),
    Route("/api/health/redis", health.redis),
    # Logging in writes nothing, and whoever reads must get in.
    Route("/api/auth/login", auth.login, methods=["POST"]),
    _route("/api/users/me", auth.me),
    _route("/api/documents", documents.listing),
    _route("/api/documents/search", documents.search),
    _route("/api/documents/upload", documents.upload, "POST"),
    _route("/api/documents/analyze", documents.analysis, "POST"),
    _route("/api/documents/{document_id}", documents.remove, "DELETE"),
    _route("/api/profile", account.profile, "GET", "PUT"),
    _route("/api/settings", account.preferences, "GET", "PUT"),
]


def make_app(settings: Settings, release: Release, faults: FaultSwitch, drain: Drain) -> Observe:
    """Return the application; it connects to nothing before it is asked something."""
    shared = make_services(settings, release, faults, drain)
    limit = settings.max_upload + documents.FORM_OVERHEAD
    # Uploads stay in memory: the pod's disk is nobody's place for documents.
    MultiPartParser.spool_max_size = limit

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # Connects while the first probe is still on its way; its outcome is the probe's to tell.
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(health.check_database(shared)),
            asyncio.create_task(shared.sessions.watch(shared.redis)),
        ]
        if settings.faults_enabled:
            tasks.append(asyncio.create_task(faults.watch(shared.redis, settings.color)))
        yield
        for task in tasks:
            task.cancel()
        await shared.engine.dispose()
        await shared.redis.aclose()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={
            HTTPException: on_http_error,
            SQLAlchemyError: on_database_error,
            Exception: on_bug,
        },
        # For bodies whose length nobody announced; handlers say it more kindly for the rest.
        max_body_size=2 * limit,
    )
    app.state.services = shared
    return Observe(app, settings, release, faults, drain)
