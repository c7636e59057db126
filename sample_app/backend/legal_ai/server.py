"""uvicorn with an end that no proxy notices: drain first, then close what is idle."""

import time
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from .drain import Drain
from .settings import Settings


class Server(uvicorn.Server):
    """On SIGTERM it goes on, answers with `Connection: close`, and ends when it is quiet."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to leave; a second signal skips the drain."""
        if self._drain.draining:
            self.should_exit = True
        self._drain.begin()

    async def on_tick(self, counter: int) -> bool:
        """Return whether it is time to close (asked ten times a second)."""
        if self._drain.done(time.monotonic()):
            self.should_exit = True
        return await super().on_tick(counter)


def make_server(app: ASGIApp, settings: Settings, drain: Drain) -> Server:
    """Return a server for `app`, ready to `run()`."""
    config = uvicorn.Config(
        app,
        host="0.0.0.0",  # noqa: S104
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=settings.access_log,
        server_header=False,
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=int(settings.shutdown),
    )
    return Server(config, drain)
