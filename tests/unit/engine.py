"""Runs the whole program against a mock engine and remembers every resource it declares."""

import asyncio
import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.rpc import _special_secret_sig as SECRET_MARK  # noqa: N812
from pulumi.runtime.settings import get_root_resource

ROOT = Path(__file__).parents[2]
SECRETS = {
    "legal-ai:redis": {"url": "rediss://redis.internal:6379/0"},
    "legal-ai:secrets": {
        "JWT_SECRET": "jwt-secret-value-of-32-bytes-or-more",
        "SMOKE_PASSWORD": "smoke-secret-value",
    },
    "legal-ai:agent": {"token": "agent-token-secret-value"},
}
PLACE = {
    "vpcId": "vpc-0a1b2c3d4e5f60718",
    "subnetIds": ["subnet-0a1b2c3d4e5f60718", "subnet-18071f6e5d4c3b2a1"],
    "clusterSecurityGroupIds": ["sg-0a1b2c3d4e5f60718"],
}
"""Where the database of staging and production stands; no stack file says it."""
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Declared:
    """One resource: what it was registered with. `secrets` are inputs and outputs never shown."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    dependencies: tuple[str, ...]
    hooks: Mapping[str, tuple[str, ...]]
    is_protected: bool
    ignored: tuple[str, ...]
    secrets: frozenset[str]
    version: str


@dataclass
class Program:
    """A run of the program: its resources by `type::name`, its outputs, its hooks."""

    resources: dict[str, Declared] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    hooks: list[str] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Outputs of components, by URN."""

    def of(self, kind: str) -> dict[str, Declared]:
        """Resources of a Kubernetes kind (`Deployment`) or type, by the name in the cluster."""
        return {
            str(found.inputs.get("metadata", {}).get("name", found.name)): found
            for found in self.resources.values()
            if found.type in (kind,) or found.type.endswith(f":{kind}")
        }


class _Inputs(mocks.Mocks):
    """Resources come out as they went in; those of AWS with what AWS makes up.

    `made` is what the cluster adds, by kind.
    """

    def __init__(self, made: Mapping[str, Any] | None = None) -> None:
        self._made = made or {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        made = _made_up(args) if args.typ.startswith("aws:") else {}
        added = self._made.get(args.typ.rpartition(":")[2], {})
        return f"{args.name}-id", {**made, **args.inputs, **added}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], None]:
        raise AssertionError(f"the program calls {args.token} while it declares resources")


@dataclass
class _Callbacks:
    """Takes the place of the server that the engine calls hooks through."""

    hooks: list[str]

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        self.hooks.append(hook.name)


class _Monitor(mocks.MockMonitor):
    def __init__(
        self, program: Program, earlier: Program | None, made: Mapping[str, Any] | None
    ) -> None:
        super().__init__(_Inputs(made))
        self._program = program
        self._before = earlier.state if earlier else {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the protocol's name
        before = self._before.get(f"{request.type}::{request.name}", {})
        for ignored in request.ignoreChanges:
            if ignored in before:
                request.object[ignored] = before[ignored]
        self._program.state[f"{request.type}::{request.name}"] = request.object
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self._program.resources[f"{request.type}::{request.name}"] = Declared(
            urn=response.urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=_inputs(request.object),
            dependencies=tuple(request.dependencies),
            hooks={
                when.name: tuple(getattr(request.hooks, when.name))
                for when in request.hooks.DESCRIPTOR.fields
                if getattr(request.hooks, when.name)
            },
            is_protected=request.protect,
            ignored=tuple(request.ignoreChanges),
            secrets=frozenset(request.additionalSecretOutputs) | _secret_inputs(request.object),
            version=request.version,
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 the protocol's name
        self._program.registered[request.urn] = _inputs(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _made_up(args: mocks.MockResourceArgs) -> dict[str, Any]:
    service, name = args.typ.split(":")[1].partition("/")[0], args.inputs.get("name", args.name)
    region = args.inputs.get("region", "us-east-1")
    arn = f"arn:aws:{service}:{region}:{ACCOUNT}:{args.inputs.get('identifier', name)}"
    return {
        "arn": arn,
        "keyId": f"{args.name}-key-id",
        "address": f"{args.inputs.get('identifier')}.us-east-1.rds.test",
        "port": 5432,
        "username": "legal_ai_admin",
        "dbName": "legal_ai",
    }


def stack_file(stack: str) -> dict[str, Any]:
    """The config of a stack file as it stands, without what is encrypted, with test secrets."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    config: dict[str, Any] = {}
    for key, value in document["config"].items():
        config[key] = _without_secure(value)
    for key, value in SECRETS.items():
        config[key] = {**value, **(config.get(key) or {})}
    if stack != "local":
        config["legal-ai:database"] = {**PLACE, **config["legal-ai:database"]}
    return config


def _have_a_loop() -> None:
    """Pulumi's mocks want the thread's loop; who ran one before in this process took it away."""
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


def run(
    stack: str,
    config: Mapping[str, Any],
    earlier: Program | None = None,
    made: Mapping[str, Any] | None = None,
) -> Program:
    """Run `__main__.py` on a preview of the stack. Raises what the program raises.

    Changes that a resource ignores are as they were in the `earlier` run, as in a stack's state.
    `made` are outputs that the cluster adds to what it is given, by kind.
    """
    program = Program()
    _have_a_loop()
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }
    mocks.set_mocks(
        _Inputs(),
        project="legal-ai",
        stack=stack,
        preview=True,
        monitor=_Monitor(program, earlier, made),
    )
    settings.SETTINGS.callbacks = _Callbacks(program.hooks)
    pulumi.runtime.set_all_config(
        texts, secret_keys=[*SECRETS, "legal-ai:database", "legal-ai:notifications"]
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def declare() -> None:
        # The SDK's test harness has one stack for all runs, which takes one such program only.
        with mock.patch.object(pulumi, "run"):
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    declare()
    program.outputs |= get_root_resource().outputs  # type: ignore[union-attr]
    return program


def _inputs(properties: Any) -> dict[str, Any]:
    found: dict[str, Any]
    found, _ = rpc.deserialize_properties_unwrap_secrets(properties, keep_unknowns=True)
    return found


def _secret_inputs(inputs: Any) -> frozenset[str]:
    """The inputs that are marked secret as a whole or in a part."""
    return frozenset(name for name, value in inputs.items() if SECRET_MARK in str(value))


def _without_secure(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_secure(v) for k, v in value.items() if not _is_secure(v)}
    return value


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}
