"""The API server, asked with the administrator's token: just enough for health checks."""

import json
import ssl
from pathlib import Path
from typing import Any, cast

import httpx2

from local.addresses import API_URL
from local.problems import NotReadyError


class Api:
    """Reads objects by path; raises NotReadyError for whatever goes wrong."""

    def __init__(self, credentials: Path) -> None:
        self._credentials = credentials

    def text(self, path: str) -> str:
        """Return the body of GET `path`."""
        try:
            token = (self._credentials / "admin.token").read_text().strip()
            trust = ssl.create_default_context(cafile=str(self._credentials / "ca.crt"))
            answer = httpx2.get(
                API_URL + path,
                headers={"Authorization": f"Bearer {token}"},
                verify=trust,
                timeout=5,
                trust_env=False,
            )
        except (OSError, httpx2.HTTPError) as error:
            raise NotReadyError(f"GET {path}: {error}") from error
        if answer.status_code != 200:
            raise NotReadyError(f"GET {path}: {answer.status_code} {answer.text[:200]}")
        return answer.text

    def get(self, path: str) -> dict[str, Any]:
        """Return the object at `path`."""
        return cast(dict[str, Any], json.loads(self.text(path)))
