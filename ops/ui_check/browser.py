"""The system's own Chromium, started without a window; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Error, sync_playwright

from ops.errors import CouldNotFindOut, UsageError

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but the pages themselves is asked for, and containers with a small /dev/shm do."""


def find(wanted: str | None = None) -> str:
    """The path of the browser: `wanted`, or the first of `PROGRAMS`. Raises UsageError."""
    for name in (wanted,) if wanted else PROGRAMS:
        if found := shutil.which(name):
            return found
    tried = wanted or ", ".join(PROGRAMS)
    raise UsageError(
        f"no browser: {tried} not found. Install Chromium (on Debian `apt-get install chromium`), "
        "or say where one is with --browser PATH"
    )


@contextmanager
def opened(program: str) -> Iterator[Browser]:
    """The browser, closed afterwards. Raises CouldNotFindOut if it does not start."""
    # The sandbox is of no use to root, and Chromium refuses to start with it.
    args = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=args)
        except Error as error:
            raise CouldNotFindOut(f"{program} does not start: {error.message}") from error
        try:
            yield browser
        finally:
            browser.close()
