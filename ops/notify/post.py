"""A JSON document by HTTP POST, tried again where the other side may just be busy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ops.notify.channel import Undelivered

TIMEOUT_SECONDS: Final = 4.0
RETRY_SECONDS: Final = 8.0
_LONGEST_ANSWER: Final = 200


class _MayPass(Undelivered):
    """Worth another try."""


def post(url: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
    """Send it; any 2xx is a success. Raises Undelivered.

    A message may arrive twice where the first answer was lost: better than not at all.
    """
    from tenacity import (  # noqa: PLC0415 most runs send nothing, and it takes a while
        Retrying,
        retry_if_exception_type,
        stop_after_delay,
        wait_random_exponential,
    )

    for attempt in Retrying(
        retry=retry_if_exception_type(_MayPass),
        stop=stop_after_delay(RETRY_SECONDS),
        wait=wait_random_exponential(multiplier=0.2, max=2.0),
        reraise=True,
    ):
        with attempt:
            _once(url, document, headers or {})


def _once(url: str, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    import httpx2  # noqa: PLC0415 see above

    # The path of a webhook's address is its secret.
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        answer = httpx2.post(url, json=document, headers=dict(headers), timeout=TIMEOUT_SECONDS)
    except httpx2.TransportError as error:
        raise _MayPass(f"POST to {host}: {type(error).__name__}: {error}") from error
    if answer.is_success:
        return
    said = f"POST to {host} was answered {answer.status_code}: {answer.text[:_LONGEST_ANSWER]}"
    busy = answer.status_code == 429 or answer.status_code >= 500
    raise (_MayPass if busy else Undelivered)(said)
