"""Says that something has changed in the cluster; what, is for others to look up."""

import json
import logging
import time
from threading import Event

from local.api import Api
from local.problems import NotReadyError

WATCH_SECONDS = 300
RETRY_SECONDS = 2

log = logging.getLogger(__name__)


def follow(api: Api, path: str, changed: Event) -> None:
    """Set `changed` at first, and each time that one of the objects at `path` changes; for ever.

    A change during a lost connection is not missed: after it `changed` is set anew.
    """
    while True:
        try:
            once(api, path, changed)
        except NotReadyError as error:
            log.warning("will ask again: %s", error)
            time.sleep(RETRY_SECONDS)


def once(api: Api, path: str, changed: Event) -> None:
    """Follow until the server ends it; raise NotReadyError if the connection is lost."""
    version = api.get(path)["metadata"]["resourceVersion"]
    changed.set()
    watched = f"{path}&watch=1&resourceVersion={version}&timeoutSeconds={WATCH_SECONDS}"
    for line in api.lines(watched, silent_seconds=WATCH_SECONDS + 30):
        changed.set()
        if json.loads(line)["type"] == "ERROR":  # that version is too old: list anew
            return
