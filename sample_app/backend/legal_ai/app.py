"""The ASGI application: routes, errors, start and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.routing import Route

from . import account, auth, documents, health
from .drain import Drain
from .errors import on_bug, on_database_error, on_http_error
from .faults import FaultSwitch
from .observe import Observe
from .release import Release
from .services import make_services
from .settings import Settings

ROUTES = [
    Route("/health", health.live),
    Route("/ready", health.ready),
    Route("/metrics", health.metrics),
    Route("/api/health", health.live),
    Route("/api/health/database", health.database),
    Route("/api/health/redis", health.redis),
    Route("/api/auth/login", auth.login, methods=["POST"]),
    Route("/api/users/me", auth.me),
    Route("/api/documents", documents.listing),
    Route("/api/documents/search", documents.search),
    Route("/api/documents/upload", documents.upload, methods=["POST"]),
    Route("/api/documents/analyze", documents.analysis, methods=["POST"]),
    Route("/api/documents/{document_id}", documents.remove, methods=["DELETE"]),
    Route("/api/profile", account.profile, methods=["GET", "PUT"]),
    Route("/api/settings", account.preferences, methods=["GET", "PUT"]),
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
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(health.check_database(shared))]
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
    return Observe(app, settings.color, release, faults, drain)
