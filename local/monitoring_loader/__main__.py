"""`python -m local.monitoring_loader`: follows the cluster until it is ended."""

import logging
import os
import signal
import sys
import threading

from rich.console import Console

from local.api import Api
from local.credentials import write
from local.monitoring_loader.discovery import PODS, Discovery
from local.monitoring_loader.loader import ROUTES, RULES, Loader
from local.monitoring_loader.loop import Loop
from local.parts.monitoring_loader import READY, USER
from local.parts.prometheus import Prometheus
from local.places import Places
from local.report import Report
from local.stack import Stack

log = logging.getLogger("local.monitoring_loader")


def main() -> None:
    """Keep rules, routes and targets as the cluster says; what can't be done is tried again."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.INFO)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    threading.excepthook = end
    places = Places.of_this_clone()
    stack = Stack(places, Report(Console(stderr=True)))
    api = Api(places.credentials, USER)
    loops = [
        Loop(api, Loader(stack, api).load, RULES, ROUTES),
        Loop(api, Discovery(api, Prometheus(stack).targets_file).load, PODS),
    ]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.loaded.wait()
    write(places.run / READY, f"{os.getpid()}\n")
    signal.pause()


def end(failed: threading.ExceptHookArgs) -> None:
    """End the process when one of its threads does: `make status` shows it, `make up` starts it."""
    log.critical("a loop has ended", exc_info=failed.exc_value)
    os._exit(1)


if __name__ == "__main__":
    main()
