"""HTTP to the system's own hosts.

Names under `.localhost` mean this machine (RFC 6761), but Python's resolver does not know that:
such a request goes to 127.0.0.1 with the name in its Host header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    import httpx2

TIMEOUT_SECONDS: Final = 5.0


def client(url: str, *, timeout: float = TIMEOUT_SECONDS) -> httpx2.Client:
    """A client whose paths are below `url`; no cookies are kept between requests by callers."""
    import httpx2  # noqa: PLC0415 most runs send no request, and it takes a while

    base, headers = address(url)
    return httpx2.Client(base_url=base, headers=headers, timeout=timeout, trust_env=False)


def address(url: str) -> tuple[str, dict[str, str]]:
    """The URL to connect to, and the headers to send: see the module's text."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.endswith(".localhost"):
        return url, {}
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), {"Host": f"{host}{port}"}
