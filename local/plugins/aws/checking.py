"""What a program asks for, checked and completed before anything is done; pure."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from local.plugins.aws.fields import Autoname, Field, Fields, Kind
from local.plugins.aws.resource import Resource
from local.plugins.paths import Path, path_text
from local.plugins.values import Properties, Secret, Unknown, Value, reveal

DEFAULTS = "__defaults"
"""Where the official provider notes which inputs the program did not give."""


@dataclass(frozen=True)
class Surroundings:
    """What the resource has around it: its name in the program, the provider's configuration."""

    logical_name: str
    region: str = ""
    default_tags: Properties = field(default_factory=dict)
    proposed_name: str = ""
    """The engine's, when the stack configures how names are made up."""
    seed: bytes = b""


@dataclass
class Checked:
    """The inputs as they are kept, and what is wrong with them: property path, reason."""

    inputs: Properties
    problems: list[tuple[str, str]]


def check(
    resource: Resource, given: Properties, before: Properties, around: Surroundings
) -> Checked:
    """Complete what the program gave; `before` are the inputs as they were kept last time."""
    problems: list[tuple[str, str]] = []
    wanted = {key: value for key, value in given.items() if key != DEFAULTS}
    if resource.regional and around.region:
        wanted.setdefault("region", around.region)
    if "tags" in resource.fields:
        wanted["tagsAll"] = _tags_all(wanted.get("tags"), around.default_tags)
    inputs = _structure((), resource.fields, wanted, problems, resource.token)
    for name, declared in resource.fields.items():
        if declared.autoname and inputs.get(name) is None:
            kept = before.get(name) if name in before.get(DEFAULTS, []) else None
            inputs[name] = kept or made_up(declared.autoname, around)
            inputs[DEFAULTS] = sorted([*inputs[DEFAULTS], name])
    problems += _missing((), resource.fields, inputs)
    if not problems:
        problems += resource.problems(plain(inputs))
    return Checked(inputs, problems)


def plain(inputs: Properties) -> Properties:
    """Inputs without secret marks and notes: what goes to AWS."""
    stripped: Properties = _without_notes(reveal(inputs))
    return stripped


def made_up(how: Autoname, around: Surroundings) -> str:
    """A name for a resource that has none; the same one for the same seed."""
    if around.proposed_name:
        return how.prefix + around.proposed_name
    from hashlib import sha256  # noqa: PLC0415 - the plugin's start is waited for

    random = sha256(around.seed or os.urandom(16)).hexdigest()[:7]
    stem = around.logical_name[: how.length - len(how.separator) - len(random)]
    return f"{how.prefix}{stem}{how.separator}{random}"


def _tags_all(tags: Value, defaults: Properties) -> Value:
    """The tags with those of the provider's configuration, whose values give way."""
    if isinstance(tags, Secret):
        return Secret(_tags_all(tags.value, defaults))
    if isinstance(tags, Unknown):
        return tags
    return {**defaults, **(tags if isinstance(tags, dict) else {})}


def _structure(
    path: Path, fields: Fields, given: Properties, problems: list[tuple[str, str]], where: str
) -> Properties:
    result: Properties = {}
    for name, value in given.items():
        declared = fields.get(name)
        if name == DEFAULTS:
            continue
        if declared is None or declared.output:
            problems.append((path_text((*path, name)), _not_done(name, declared, where)))
        elif value is not None:
            result[name] = _value((*path, name), declared, value, problems, where)
    defaults = {
        name: declared.default
        for name, declared in fields.items()
        if declared.default is not None and result.get(name) is None
    }
    return result | defaults | {DEFAULTS: sorted(defaults)}


def _not_done(name: str, declared: Field | None, where: str) -> str:
    if declared is not None:
        return f"{name} is what AWS answers: it can't be given"
    return (
        f"{name} of {where} is not done by the local stand-in of the AWS provider: leave it out,"
        " or use the official provider (docs/stand-ins.md)"
    )


def _value(
    path: Path, declared: Field, value: Value, problems: list[tuple[str, str]], where: str
) -> Value:
    if isinstance(value, Secret):
        return Secret(_value(path, declared, value.value, problems, where))
    if isinstance(value, Unknown):
        return value
    if isinstance(value, dict | list):
        return _compound(path, declared, value, problems, where)
    scalar = _scalar(declared.kind, value)
    if scalar is None:
        problems.append((path_text(path), f"must be {_EXPECTED[declared.kind]}, not {value!r}"))
        return value
    wrong = declared.rule(scalar) if declared.rule else None
    if wrong:
        problems.append((path_text(path), wrong))
    return scalar


def _compound(
    path: Path, declared: Field, value: Value, problems: list[tuple[str, str]], where: str
) -> Value:
    if declared.kind is Kind.OBJECT and isinstance(value, dict):
        inner = _structure(path, declared.fields, value, problems, where)
        problems += _missing(path, declared.fields, inner)
        return inner
    items = declared.items
    if declared.kind is Kind.MAP and isinstance(value, dict) and items:
        return {
            key: _value((*path, key), items, item, problems, where)
            for key, item in value.items()
            if key != DEFAULTS
        }
    if declared.kind in (Kind.LIST, Kind.SET) and isinstance(value, list) and items:
        return [
            _value((*path, index), items, item, problems, where) for index, item in enumerate(value)
        ]
    what = "an object" if isinstance(value, dict) else "a list"
    problems.append((path_text(path), f"must be {_EXPECTED[declared.kind]}, not {what}"))
    return value


_EXPECTED = {
    Kind.TEXT: "a string",
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a number",
    Kind.FLAG: "true or false",
    Kind.DOCUMENT: "JSON as a string",
    Kind.LIST: "a list",
    Kind.SET: "a list",
    Kind.MAP: "a mapping of names to values",
    Kind.OBJECT: "an object",
}


def _scalar(kind: Kind, value: Value) -> Value:
    """The value as one of its kind, None if it is none; strings of numbers count, as officially."""
    if kind in (Kind.TEXT, Kind.DOCUMENT):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind is Kind.FLAG:
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    if kind in (Kind.INTEGER, Kind.NUMBER) and not isinstance(value, bool):
        return _number(kind, value)
    return None


def _number(kind: Kind, value: Value) -> Value:
    try:
        number = float(value)
    except ValueError:
        return None
    if number.is_integer():
        return int(number)
    return number if kind is Kind.NUMBER else None


def _missing(path: Path, fields: Fields, inputs: Properties) -> list[tuple[str, str]]:
    return [
        (path_text((*path, name)), "is needed")
        for name, declared in fields.items()
        if declared.required and inputs.get(name) is None
    ]


def _without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_notes(item) for key, item in value.items() if key != DEFAULTS}
    if isinstance(value, list):
        return [_without_notes(item) for item in value]
    return value
