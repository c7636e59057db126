"""Serve the AWS API on a port of loopback: `python -m local.aws_api PORT`."""

import signal
import sys
from types import FrameType
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

from local.aws_api import mend, repeatable


def main(port: int) -> None:
    """Serve until a signal ends it."""
    repeatable.install()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    api = repeatable.Repeatable(DomainDispatcherApplication(_create_app))
    run_simple("127.0.0.1", port, api, threaded=True, request_handler=MotoRequestHandler)


def _create_app(service: Any) -> Any:
    """A service is loaded, and mended, when the first request for it comes."""
    mend(service)
    return create_backend_app(service)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise SystemExit(0)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("usage: python -m local.aws_api PORT")
    main(int(sys.argv[1]))
