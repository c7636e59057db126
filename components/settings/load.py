"""A stack's configuration, read once: from what the engine hands over to checked `Settings`."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import pulumi
import yaml
from pulumi.runtime import config as runtime_config
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo

from components.settings import rules, schema
from components.settings.defaults import SERVICES, with_defaults
from components.settings.encryption import plain_secrets
from components.settings.explain import closest, explain, fix_for, unknown_key
from components.settings.model import Environment, Settings
from components.settings.problem import (
    NAMESPACE,
    Problem,
    SettingsError,
    remove_command,
    set_command,
    typed,
)
from components.settings.sound import Sound

_ENVIRONMENTS: tuple[str, ...] = get_args(Environment)


def load(
    stack: str,
    config: Mapping[str, str],
    secret_keys: Collection[str],
    stack_file: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of a stack.

    `config` and `secret_keys` are what the engine gives a program: values by `namespace:key`, each
    text or JSON, and the keys with something encrypted. Keys of other namespaces are left alone.
    `stack_file`, the parsed `Pulumi.<stack>.yaml`, shows secrets in plain text that the engine
    doesn't tell of. Raises SettingsError with everything that is wrong.
    """
    raw, problems = _read(config)
    environment = str(raw.get("environment") or (stack if stack in _ENVIRONMENTS else ""))
    raw["environment"] = environment
    merged = with_defaults(raw, environment)
    parts: dict[str, Any] = {}
    for name, field in schema.fields(Settings).items():
        attribute = to_snake(name)
        if name not in merged:
            parts[attribute] = field.get_default(call_default_factory=True)
            continue
        value, found = _section(name, field, merged[name])
        problems += found
        if value is not None:
            parts[attribute] = value
    problems += plain_secrets(raw, secret_keys, stack_file)
    problems += rules.check(Sound(stack, raw, merged, config.get("aws:region"), parts))
    if problems:
        raise SettingsError(stack, dict.fromkeys(problems))
    return Settings(
        **parts,
        kube_context=config.get("kubernetes:context"),
        aws_region=config.get("aws:region"),
    )


def load_from_pulumi() -> Settings:
    """The settings of the stack that runs. The only place that reads Pulumi's configuration.

    Raises SettingsError with everything that is wrong.
    """
    config = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    encrypted = {
        *runtime_config.get_config_secret_keys_env(),
        *(key for key in config if runtime_config.is_config_secret(key)),
    }
    stack = pulumi.get_stack()
    return load(stack, config, encrypted, _stack_file(stack))


def _stack_file(stack: str) -> Mapping[str, Any] | None:
    """The parsed stack file, where there is one (`--config-file` may name another)."""
    root = pulumi.runtime.get_root_directory() or "."
    try:
        document = yaml.safe_load((Path(root) / f"Pulumi.{stack}.yaml").read_text())
    except (OSError, yaml.YAMLError):
        return None
    return document if isinstance(document, Mapping) else None


def _read(config: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The keys of our namespace with JSON parsed, and those that can't be keys."""
    known = schema.fields(Settings)
    raw: dict[str, Any] = {}
    problems = []
    for full, value in sorted(config.items()):
        namespace, _, name = full.partition(":")
        if namespace != NAMESPACE:
            continue
        if name not in known:
            problems.append(unknown_key((name,), known))
            continue
        raw[name] = _parsed(known[name], value)
    return raw, problems


def _parsed(field: FieldInfo, value: Any) -> Any:
    """Objects come as JSON. What is none stays as it is, for the models to refuse."""
    is_object = schema.is_map(field.annotation) or schema.models_in(field.annotation)
    if not is_object or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _section(name: str, field: FieldInfo, value: Any) -> tuple[Any, list[Problem]]:
    """One top-level key. Of the services those that are right come back, whatever the others."""
    if name == "services" and isinstance(value, Mapping):
        return _services(value)
    if name == "environment" and not value:
        place = schema.locate((name,))
        allowed = "local, staging or production; a stack with one of these names needs no such key"
        return None, [Problem(typed(name), "is missing", allowed, fix_for(place))]
    return _validated((name,), Annotated[(field.annotation, *field.metadata)], value)


def _services(value: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    field = schema.fields(Settings)["services"]
    sound: dict[str, Any] = {}
    problems: list[Problem] = []
    for service, settings in value.items():
        if service not in SERVICES and not (isinstance(settings, Mapping) and "image" in settings):
            problems.append(_no_service(service, settings))
            continue
        each, found = _validated(("services",), field.annotation, {service: settings})
        sound |= each or {}
        problems += found
    return sound, problems


def _no_service(service: str, settings: Any) -> Problem:
    """A service of its own needs an image: without one it is a known one's name, mistyped."""
    nearest = closest(service, SERVICES)
    path = schema.locate(("services", service)).path
    hint = f"; did you mean {typed(f'services.{nearest}')}?" if nearest else ""
    given = f" (it has {', '.join(settings)})" if isinstance(settings, Mapping) else ""
    return Problem(
        typed(path),
        f"is no service of this program{given}{hint}",
        f"{', '.join(SERVICES)}, or a new service with an image of its own",
        remove_command(path) if nearest else set_command(f"{path}.image", f"legal-ai-{service}"),
    )


def _validated(location: tuple[str, ...], annotation: Any, value: Any) -> tuple[Any, list[Problem]]:
    try:
        sound = TypeAdapter(annotation).validate_python(value, by_alias=True, by_name=False)
    except ValidationError as error:
        return None, explain(error, location)
    return sound, []
