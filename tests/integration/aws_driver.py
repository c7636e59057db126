"""Does with a provider what Pulumi's engine does, over gRPC, one resource at a time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from local.plugins.aws.catalog import resource_of
from local.plugins.aws.fields import Fields
from local.plugins.aws.provider import AwsProvider
from local.plugins.values import Properties, from_struct, reveal, to_struct


class Refused(Exception):
    """The provider's message to the user."""


class InputProblems(Exception):
    """What is wrong with the inputs: property -> reason."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(str(problems))
        self.problems = problems


@dataclass(frozen=True)
class Made:
    """A resource in Pulumi's state."""

    token: str
    name: str
    id: str
    inputs: Properties
    state: Properties

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::legal-ai::{self.token}::{self.name}"

    @property
    def out(self) -> Any:
        """Its outputs in clear."""
        return reveal(self.state)


@dataclass(frozen=True)
class Planned:
    """What the engine would do for new inputs."""

    inputs: Properties
    changed: list[str]
    replaces: list[str]
    delete_first: bool


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.said: list[str] = []

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.said.append(request.message)
        return empty_pb2.Empty()


@dataclass
class Driver:
    """A configured provider behind a real gRPC server."""

    config: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = _Engine()
        self._servers: list[grpc.Server] = []
        engine = self._serve(
            lambda server: engine_pb2_grpc.add_EngineServicer_to_server(self.engine, server)
        )
        self.provider = AwsProvider(engine)
        address = self._serve(
            lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(
                self.provider, server
            )
        )
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(address))
        variables = {f"aws:config:{key}": value for key, value in self.config.items()}
        self.ask("Configure", provider_pb2.ConfigureRequest(variables=variables))

    def _serve(self, register: Any) -> str:
        server = grpc.server(ThreadPoolExecutor(max_workers=16))
        register(server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers.append(server)
        return f"127.0.0.1:{port}"

    def close(self) -> None:
        for server in self._servers:
            server.stop(None)

    @staticmethod
    def provider_fields(token: str) -> Fields:
        return resource_of(token).fields

    def ask(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise Refused(error.details()) from error

    def check(
        self, token: str, name: str, given: Properties, before: Properties | None = None
    ) -> Properties:
        urn = f"urn:pulumi:test::legal-ai::{token}::{name}"
        answer = self.ask(
            "Check",
            provider_pb2.CheckRequest(
                urn=urn,
                news=to_struct(given),
                olds=to_struct(before or {}),
                randomSeed=name.encode(),
            ),
        )
        if answer.failures:
            raise InputProblems({found.property: found.reason for found in answer.failures})
        return from_struct(answer.inputs)

    def create(self, token: str, name: str, given: Properties) -> Made:
        inputs = self.check(token, name, given)
        urn = f"urn:pulumi:test::legal-ai::{token}::{name}"
        answer = self.ask(
            "Create", provider_pb2.CreateRequest(urn=urn, properties=to_struct(inputs))
        )
        return Made(token, name, answer.id, inputs, from_struct(answer.properties))

    def preview(self, token: str, name: str, given: Properties) -> Properties:
        inputs = self.check(token, name, given)
        urn = f"urn:pulumi:test::legal-ai::{token}::{name}"
        request = provider_pb2.CreateRequest(urn=urn, properties=to_struct(inputs), preview=True)
        return from_struct(self.ask("Create", request).properties)

    def plan(self, made: Made, given: Properties, ignore: tuple[str, ...] = ()) -> Planned:
        inputs = self.check(made.token, made.name, given, made.inputs)
        answer = self.ask(
            "Diff",
            provider_pb2.DiffRequest(
                id=made.id,
                urn=made.urn,
                olds=to_struct(made.state),
                news=to_struct(inputs),
                old_inputs=to_struct(made.inputs),
                ignoreChanges=ignore,
            ),
        )
        return Planned(
            inputs, sorted(answer.detailedDiff), list(answer.replaces), answer.deleteBeforeReplace
        )

    def update(self, made: Made, given: Properties, ignore: tuple[str, ...] = ()) -> Made:
        planned = self.plan(made, given, ignore)
        assert planned.changed, "the engine would not have called Update"
        assert not planned.replaces, f"the engine would have replaced it for {planned.replaces}"
        answer = self.ask(
            "Update",
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=made.urn,
                olds=to_struct(made.state),
                news=to_struct(planned.inputs),
                old_inputs=to_struct(made.inputs),
                ignoreChanges=ignore,
            ),
        )
        return replace(made, inputs=planned.inputs, state=from_struct(answer.properties))

    def refresh(self, made: Made) -> Made | None:
        answer = self.ask(
            "Read",
            provider_pb2.ReadRequest(
                id=made.id,
                urn=made.urn,
                properties=to_struct(made.state),
                inputs=to_struct(made.inputs),
            ),
        )
        if not answer.id:
            return None
        state, inputs = from_struct(answer.properties), from_struct(answer.inputs)
        return replace(made, id=answer.id, state=state, inputs=inputs)

    def bring_in(self, token: str, identifier: str) -> Made | None:
        return self.refresh(Made(token, "imported", identifier, {}, {}))

    def delete(self, made: Made) -> None:
        self.ask(
            "Delete",
            provider_pb2.DeleteRequest(id=made.id, urn=made.urn, properties=to_struct(made.state)),
        )
