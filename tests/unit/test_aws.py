"""AWS resources against Pulumi's own SDK: what is declared by name exists there by that name.

The program does not import the SDK (docs/adr/0005), so no type checker says this. Whether the
values do is for tests/integration and for AWS.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from pulumi import _types

from components import aws
from tests.unit.engine import ROOT, Declared, run, stack_file

pytestmark = pytest.mark.filterwarnings("ignore:.*EncryptionControl.*:DeprecationWarning")

URL = "postgresql+psycopg://a:b@10.200.0.1:15432/legal_ai"
RESTORED = [
    {"name": "g1"},
    {"name": "g2", "source": {"snapshot": "before-v1-2-0"}},
    {"name": "g3", "source": {"generation": "g1", "time": "2025-10-14T01:00:00Z"}},
]


def declared(stack: str) -> list[Declared]:
    config = stack_file(stack)
    more = {"url": URL} if stack == "local" else {"generations": RESTORED, "maxConnections": 1000}
    config["legal-ai:database"] |= more
    resources = run(stack, config).resources.values()
    return [found for found in resources if found.type.startswith("aws:")]


def of_sdk(token: str, suffix: str = "") -> Any:
    """The SDK's class of a type token, or its `Args`."""
    _, module, name = token.split(":")
    return getattr(importlib.import_module(f"pulumi_aws.{module.split('/')[0]}"), name + suffix)


@pytest.fixture(scope="module", params=["local", "staging", "production"])
def resources(request: pytest.FixtureRequest) -> list[Declared]:
    return declared(request.param)


def test_every_type_exists_in_the_sdk(resources: list[Declared]) -> None:
    assert resources
    for found in resources:
        assert of_sdk(found.type).pulumi_type == found.type


def test_every_property_is_an_argument_of_its_type_however_deep(resources: list[Declared]) -> None:
    unknown = [
        f"{found.type} {path}"
        for found in resources
        for path in not_known(found.inputs, of_sdk(found.type, "Args"))
    ]
    assert unknown == []


def test_every_required_property_is_given(resources: list[Declared]) -> None:
    for found in resources:
        args = of_sdk(found.type, "Args")
        names = _types.input_type_py_to_pulumi_names(args)
        required = {
            names[name]
            for name, parameter in inspect.signature(args.__init__).parameters.items()
            if name in names and parameter.default is parameter.empty
        }
        assert required <= set(found.inputs), found.name


def test_a_wrong_property_would_be_found() -> None:
    instance = of_sdk(aws.INSTANCE, "Args")
    assert not_known({"storageEncrypted": True, "storageEncryption": True}, instance) == [
        "storageEncryption"
    ]
    plan = of_sdk(aws.PLAN, "Args")
    rules = {"rules": [{"lifecycle": {"deleteAfter": 2}}, {"lifecycle": {"deleteAfterDays": 2}}]}
    assert not_known(rules, plan) == ["rules.lifecycle.deleteAfterDays"]


@pytest.mark.parametrize("token", aws.OUTPUTS)
def test_what_is_read_back_is_an_output_of_the_sdk(token: str) -> None:
    assert set(aws.OUTPUTS[token]) <= set(_types.resource_types(of_sdk(token)))


def test_what_the_sdk_keeps_secret_is_secret_here_too(resources: list[Declared]) -> None:
    for found in resources:
        source = inspect.getsource(of_sdk(found.type))
        kept = re.search(r"additional_secret_outputs=(\[.*?\])", source)
        secrets = set(ast.literal_eval(kept[1])) if kept else set()
        assert secrets & set(found.inputs) <= found.secrets, found.name


def test_the_provider_is_the_one_that_the_locked_sdk_belongs_to(resources: list[Declared]) -> None:
    locked = (ROOT / "requirements.txt").read_text()
    for found in resources:
        assert f"pulumi-aws=={found.version} " in locked


def not_known(value: Any, kind: Any) -> list[str]:
    """Paths of the properties in `value` that the SDK's type does not have."""
    return list(_not_known(value, kind, ""))


def _not_known(value: Any, kind: Any, path: str) -> Iterator[str]:
    args = _args_in(kind)
    if isinstance(value, list):
        for each in value:
            yield from _not_known(each, kind, path)
    elif isinstance(value, Mapping) and args is not None:
        types = _types.input_type_types(args)
        for name, inner in value.items():
            here = f"{path}.{name}" if path else name
            if name in types:
                yield from _not_known(inner, types[name], here)
            else:
                yield here


def _args_in(kind: Any) -> Any:
    """The SDK's class of nested properties within a type such as `Input[Sequence[Input[Args]]]`."""
    if isinstance(kind, type) and _types.is_input_type(kind):
        return kind
    return next((found for each in get_args(kind) if (found := _args_in(each))), None)
