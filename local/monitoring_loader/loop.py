"""Does something now and after each change in the cluster, until the process ends."""

import logging
from collections.abc import Callable
from threading import Event, Thread

from local.api import Api
from local.monitoring_loader.changes import follow
from local.problems import NotReadyError

RETRY_SECONDS = 2

log = logging.getLogger(__name__)


class Loop:
    """Calls `load` for what is at `paths` of the API; `loaded` is set once it ended well."""

    def __init__(self, api: Api, load: Callable[[], None], *paths: str) -> None:
        self.loaded = Event()
        self._api = api
        self._load = load
        self._paths = paths
        self._changed = Event()

    def start(self) -> None:
        """Begin, in threads of its own."""
        for path in self._paths:
            Thread(target=follow, args=(self._api, path, self._changed), daemon=True).start()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        done = True
        while True:
            self._changed.wait(None if done else RETRY_SECONDS)
            self._changed.clear()
            done = self.once()

    def once(self) -> bool:
        """Load; return whether that went well, so that it need not be tried again."""
        try:
            self._load()
        except NotReadyError as error:
            log.warning("will try again: %s", error)
            return False
        self.loaded.set()
        return True
