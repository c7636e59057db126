"""What the endpoints share: database, cache, settings, release, found through the request."""

from dataclasses import dataclass

from redis.asyncio import Redis
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.requests import Request

from . import tables
from .cache import Cache
from .drain import Drain
from .faults import FaultSwitch
from .maintenance import Maintenance
from .release import Release
from .sessions import Sessions
from .settings import Settings

CONNECT_SECONDS = 3
POOL_WAIT_SECONDS = 5
STATEMENT_MILLISECONDS = 15_000


@dataclass(frozen=True)
class Services:
    """One per process; nothing in it connects before it is used."""

    settings: Settings
    release: Release
    faults: FaultSwitch
    drain: Drain
    engine: AsyncEngine
    redis: Redis
    cache: Cache
    users: Table
    documents: Table
    maintenance: Maintenance
    sessions: Sessions


def make_services(
    settings: Settings, release: Release, faults: FaultSwitch, drain: Drain
) -> Services:
    """Return the services that `settings` describe."""
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        # Statements carry documents and password hashes: neither belongs in a log.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": f"legal-ai-{settings.color}",
            "options": f"-c statement_timeout={STATEMENT_MILLISECONDS} -c timezone=UTC",
        },
    )
    redis = Redis.from_url(settings.redis_url, socket_timeout=1, socket_connect_timeout=1)
    return Services(
        settings=settings,
        release=release,
        faults=faults,
        drain=drain,
        engine=engine,
        redis=redis,
        cache=Cache(redis, release.level),
        users=tables.users(release),
        documents=tables.documents(release),
        maintenance=Maintenance(redis),
        sessions=Sessions(),
    )


def services(request: Request) -> Services:
    """Return the process's services."""
    found = request.app.state.services
    assert isinstance(found, Services)  # noqa: S101
    return found
