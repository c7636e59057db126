"""The API server, asked with a user's token: just enough for health checks, and to follow."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx2

from local.addresses import API_URL
from local.problems import NotReadyError


class Api:
    """Reads objects by path; raises NotReadyError for whatever goes wrong."""

    def __init__(self, credentials: Path, user: str = "admin") -> None:
        self._credentials = credentials
        self._user = user

    def text(self, path: str) -> str:
        """Return the body of GET `path`."""
        try:
            with self._client(timeout=5) as client:
                answer = client.get(path)
        except (OSError, httpx2.HTTPError) as error:
            raise NotReadyError(f"GET {path}: {error}") from error
        if answer.status_code != 200:
            raise NotReadyError(f"GET {path}: {answer.status_code} {answer.text[:200]}")
        return answer.text

    def lines(self, path: str, silent_seconds: float) -> Iterator[str]:
        """Yield the lines of GET `path` as they come; its end is the server's.

        No line for `silent_seconds` raises NotReadyError, as a lost connection does.
        """
        try:
            with (
                self._client(timeout=silent_seconds) as client,
                client.stream("GET", path) as answer,
            ):
                if answer.status_code != 200:
                    raise NotReadyError(f"GET {path}: {answer.status_code}")
                yield from answer.iter_lines()
        except (OSError, httpx2.HTTPError) as error:
            raise NotReadyError(f"GET {path}: {error}") from error

    def get(self, path: str) -> dict[str, Any]:
        """Return the object at `path`."""
        return cast(dict[str, Any], json.loads(self.text(path)))

    def _client(self, timeout: float) -> httpx2.Client:
        """Return a client that is this user; raise OSError where the keys can't be read."""
        token = (self._credentials / f"{self._user}.token").read_text().strip()
        return httpx2.Client(
            base_url=API_URL,
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=str(self._credentials / "ca.crt")),
            timeout=timeout,
            trust_env=False,
        )
