"""The table of all keys, for docs/configuration.md: `python -m components.settings.reference`."""

import json
import sys
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from components.settings import schema
from components.settings.base import Part
from components.settings.defaults import with_defaults
from components.settings.model import Environment, Settings
from components.settings.values import Key

_TYPES: Final = {
    bool: "boolean",
    int: "integer",
    float: "number",
    SecretStr: "string, encrypted",
    tuple: "list",
    dict: "object",
}
_HEAD: Final = ("key", "meaning", "type", "allowed", "default")


def tables() -> str:
    """All keys as Markdown: one table of the short keys, one for each object."""
    rows: dict[str, list[str]] = {"": []}
    for path, field in schema.walk():
        section, _, below = path.partition(".")
        top = schema.fields(Settings)[section].annotation
        is_object = bool(schema.models_in(top))
        if is_object and not below:
            continue
        name = section if is_object or schema.is_map(top) else ""
        rows.setdefault(name, []).append(_row(path, field))
    return "\n".join(_table(section, lines) for section, lines in rows.items())


def _table(section: str, rows: list[str]) -> str:
    title = f"### `{section}`: {_meaning(section)}" if section else "### Short keys"
    head = f"| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}"
    return "\n".join([title, "", head, *rows, ""])


def _meaning(section: str) -> str:
    return schema.key_of(schema.fields(Settings)[section]).meaning


def _row(path: str, field: FieldInfo) -> str:
    key: Key = schema.key_of(field)
    cells = (f"`{path}`", key.meaning, _type(field.annotation), key.allowed, _default(path, field))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (tuple, dict):
        return _TYPES[origin]
    if origin is Literal or not arguments:
        if isinstance(annotation, type) and issubclass(annotation, Part):
            return "object"
        return _TYPES.get(annotation, "string")
    kinds = (_type(each) for each in arguments if each is not NoneType)
    return " or ".join(dict.fromkeys(kinds))


def _default(path: str, field: FieldInfo) -> str:
    if path == "environment":
        return "the stack's name, where it is one of these"
    if path.endswith(".replicas"):
        return "required with a version"
    values = {name: _at(with_defaults({}, name), path, field) for name in get_args(Environment)}
    usual = values["staging"]
    others = [f"{name} {each}" for name, each in values.items() if each != usual]
    return "; ".join([usual, *others])


def _at(defaults: Mapping[str, Any], path: str, field: FieldInfo) -> str:
    value: Any = defaults
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _written(field)
        value = value[name]
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{json.dumps(value)}`" if isinstance(value, int | str) else _written(field)


def _written(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}):
        return "unset"
    if isinstance(value, Part):
        return "see below"
    if isinstance(value, tuple) and isinstance(value[0], Part):
        return f"`{json.dumps([each.model_dump(exclude_defaults=True) for each in value])}`"
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    sys.stdout.write(tables())
