"""What every provider stand-in answers alike: who it is, and what none of them does."""

from __future__ import annotations

import functools
import importlib.util
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from local.plugins import protocol


class Provider(provider_pb2_grpc.ResourceProviderServicer, ABC):
    """The engine's side of a provider, but for its resources."""

    package: ClassVar[str]
    """The package's name, as in its type tokens."""
    version: ClassVar[str]
    """The version to be when the SDK of that package does not tell its own."""

    def __init__(self, engine: str | None) -> None:
        self._engine = engine_pb2_grpc.EngineStub(protocol.channel(engine)) if engine else None

    @abstractmethod
    def not_done(self, what: str) -> str:
        """That something is missing here, and the way around it."""

    def cancel(self) -> None:
        """Stop whatever is waited for."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        if self._engine is None and request.engine_address:
            self._engine = engine_pb2_grpc.EngineStub(protocol.channel(request.engine_address))
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        return plugin_pb2.PluginInfo(version=sdk_version(self.package, self.version))

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        schema = {"name": self.package, "version": sdk_version(self.package, self.version)}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        self._engine = engine_pb2_grpc.EngineStub(protocol.channel(request.address))
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        self.cancel()
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        self._refuse(context, f"the function {request.tok}")

    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        self._refuse(context, f"the method {request.tok}")

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        self._refuse(context, f"the component {request.type}")

    def Parameterize(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        self._refuse(context, "making another package of it (parameterization)")

    def _refuse(self, context: Any, what: str) -> None:
        context.abort(grpc.StatusCode.UNKNOWN, self.not_done(what))


@functools.cache
def sdk_version(package: str, otherwise: str) -> str:
    """The version of the installed SDK of `package`, which is the one to be."""
    spec = importlib.util.find_spec(f"pulumi_{package}")
    if spec is None or spec.origin is None:
        return otherwise
    described = Path(spec.origin).with_name("pulumi-plugin.json")
    if not described.exists():
        return otherwise
    version: str = json.loads(described.read_text())["version"]
    return version
