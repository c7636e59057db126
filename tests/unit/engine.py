"""Runs the whole program against a mock engine and remembers every resource it declares."""

import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, settings
from pulumi.runtime.settings import get_root_resource

ROOT = Path(__file__).parents[2]
SECRETS = {
    "legal-ai:redis": {"url": "rediss://redis.internal:6379/0"},
    "legal-ai:secrets": {
        "JWT_SECRET": "jwt-secret-value-of-32-bytes-or-more",
        "SMOKE_PASSWORD": "smoke-secret-value",
    },
}


@dataclass(frozen=True)
class Declared:
    """One resource: what it was registered with."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    dependencies: tuple[str, ...]
    hooks: Mapping[str, tuple[str, ...]]


@dataclass
class Program:
    """A run of the program: its resources by `type::name`, its outputs, its hooks."""

    resources: dict[str, Declared] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    hooks: list[str] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, Declared]:
        """Resources of a Kubernetes kind (`Deployment`) or type, by the name in the cluster."""
        return {
            str(found.inputs.get("metadata", {}).get("name", found.name)): found
            for found in self.resources.values()
            if found.type in (kind,) or found.type.endswith(f":{kind}")
        }


class _Inputs(mocks.Mocks):
    """Resources come out as they went in."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], None]:
        raise AssertionError(f"the program calls {args.token} while it declares resources")


@dataclass
class _Callbacks:
    """Takes the place of the server that the engine calls hooks through."""

    hooks: list[str]

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        self.hooks.append(hook.name)


class _Monitor(mocks.MockMonitor):
    def __init__(self, program: Program) -> None:
        super().__init__(_Inputs())
        self._program = program

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the protocol's name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        made = self.resources.get(response.urn)
        self._program.resources[f"{request.type}::{request.name}"] = Declared(
            urn=response.urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=made.state if made else {},
            dependencies=tuple(request.dependencies),
            hooks={
                when.name: tuple(getattr(request.hooks, when.name))
                for when in request.hooks.DESCRIPTOR.fields
                if getattr(request.hooks, when.name)
            },
        )
        return response


def stack_file(stack: str) -> dict[str, Any]:
    """The config of a stack file as it stands, without what is encrypted, with test secrets."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    config: dict[str, Any] = {}
    for key, value in document["config"].items():
        config[key] = _without_secure(value)
    for key, value in SECRETS.items():
        config[key] = {**value, **(config.get(key) or {})}
    return config


def run(stack: str, config: Mapping[str, Any]) -> Program:
    """Run `__main__.py` on a preview of the stack. Raises what the program raises."""
    program = Program()
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }
    mocks.set_mocks(
        _Inputs(), project="legal-ai", stack=stack, preview=True, monitor=_Monitor(program)
    )
    settings.SETTINGS.callbacks = _Callbacks(program.hooks)
    pulumi.runtime.set_all_config(texts, secret_keys=[*SECRETS, "legal-ai:database"])

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def declare() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    declare()
    program.outputs |= get_root_resource().outputs  # type: ignore[union-attr]
    return program


def _without_secure(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_secure(v) for k, v in value.items() if not _is_secure(v)}
    return value


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}
