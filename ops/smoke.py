"""The gate's short smoke test: a color's preview host answers, as that color and that version."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ops import names, web
from ops.color import Color
from ops.errors import Refused
from ops.image import is_digest

if TYPE_CHECKING:
    import httpx2

POLL_SECONDS: Final = 0.2


def check(
    url: str, paths: Sequence[str], color: Color, version: str, timeout_seconds: float
) -> None:
    """Ask each path once; raise `Refused` naming the first that is wrong.

    Only while nothing of ours answers (the gateway has not taken the route up yet) is it asked
    again, until the time is up. What the application itself answers counts at once.
    """
    deadline = time.monotonic() + timeout_seconds
    with web.client(url) as client:
        for path in paths:
            problem = _problem(client, path, color, version, deadline)
            if problem:
                raise Refused(
                    f"smoke test of {color} {version} failed: {url}{path} {problem}. "
                    f"Look at `scripts/logs.py {color} --since 10m`; "
                    "the public route was not touched"
                )


def _problem(client: httpx2.Client, path: str, color: Color, version: str, deadline: float) -> str:
    import httpx2  # noqa: PLC0415 most runs send no request, and it takes a while

    while True:
        try:
            response = client.get(path)
        except httpx2.HTTPError as error:
            problem = f"gave no answer ({type(error).__name__}: {error})"
        else:
            if names.APP_COLOR_HEADER in response.headers:
                return _judge(response, color, version)
            problem = f"is answered with {response.status_code}, but not by the application"
        if time.monotonic() > deadline:
            return problem
        time.sleep(POLL_SECONDS)


def _judge(response: httpx2.Response, color: Color, version: str) -> str:
    if not response.is_success:
        return f"answered {response.status_code}: {response.text[:200]}"
    answered = response.headers[names.APP_COLOR_HEADER]
    if answered != color:
        return f"was answered by {answered}: the preview route or a Service selects the wrong pods"
    running = response.headers.get(names.APP_VERSION_HEADER, "nothing")
    if running != version and not is_digest(version):
        return f"was answered by version {running}, wanted is {version}"
    return ""
