"""Messages about one resource, on their way to the engine."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2


class Reporter:
    """Messages about one resource, to the engine; the same one is not sent twice in a row."""

    def __init__(self, engine: Any, urn: str) -> None:
        self._engine = engine
        self._urn = urn
        self._last = ""

    def status(self, text: str) -> None:
        """What is going on right now; shown beside the resource, then forgotten."""
        if self._engine is None or text == self._last:
            return
        self._last = text
        # Not waited for: it may be late, or lost when the engine goes away.
        self._engine.Log.future(self._request(engine_pb2.INFO, text, ephemeral=True), timeout=5)

    def warn(self, text: str) -> None:
        """What the user should know afterwards."""
        if self._engine is None:
            return
        with suppress(grpc.RpcError):
            self._engine.Log(self._request(engine_pb2.WARNING, text, ephemeral=False), timeout=5)

    def _request(self, severity: Any, text: str, *, ephemeral: bool) -> Any:
        return engine_pb2.LogRequest(
            severity=severity, message=text, urn=self._urn, ephemeral=ephemeral
        )
