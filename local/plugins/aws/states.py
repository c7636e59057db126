"""What goes into Pulumi's state for a resource, in the official provider's form; pure."""

from __future__ import annotations

import json

from local.plugins.aws.checking import DEFAULTS, plain
from local.plugins.aws.comparing import empty, same
from local.plugins.aws.fields import Field
from local.plugins.aws.resource import Plain, Resource
from local.plugins.values import (
    UNKNOWN,
    Properties,
    Secret,
    Value,
    has_secret,
)

META = "__meta"
_NOTES = (DEFAULTS, META, "__pulumi_raw_state_delta")


def known(state: Properties) -> Properties:
    """A state's properties, secret marks and the providers' own notes left out."""
    return {key: value for key, value in plain(state).items() if key not in _NOTES}


def settled(resource: Resource, live: Plain, before: Plain) -> Properties:
    """What is there now, written as it was `before` where it means the same.

    What AWS does not tell, and what moves by itself, is taken from `before`.
    """
    result: Properties = {}
    for name, field in resource.fields.items():
        old, new = before.get(name), live.get(name)
        if field.unread:
            new = old if new is None else new
        elif field.steady or (not empty(old) and same(field, old, new)):
            new = new if old is None else old
        if new is not None:
            result[name] = new
    return result


def own_tags(everything: Plain, given: Plain, defaults: Plain) -> Properties:
    """A resource's tags without those that only the provider's configuration gives it."""
    return {
        key: value
        for key, value in everything.items()
        if key in given or defaults.get(key) != value
    }


def outputs(resource: Resource, identifier: str, values: Plain, marked: Properties) -> Properties:
    """The state. What is secret in `marked`, or always, is secret in it."""
    result: Properties = {"id": identifier}
    for name, field in resource.fields.items():
        value = values.get(name)
        if value is not None:
            secret = field.secret or has_secret(marked.get(name))
            result[name] = Secret(value) if secret else value
    if resource.schema_version:
        result[META] = json.dumps({"schema_version": str(resource.schema_version)})
    return result


def previewed(resource: Resource, inputs: Properties) -> Properties:
    """What is known of a resource before it is made."""
    result = {key: value for key, value in inputs.items() if key != DEFAULTS}
    for name, field in resource.fields.items():
        if name not in result and (field.output or field.computed):
            result[name] = UNKNOWN
        elif name in result and field.secret and not isinstance(result[name], Secret):
            result[name] = Secret(result[name])
    return {name: _stripped(value) for name, value in result.items()}


def previewed_change(olds: Properties, news: Properties) -> Properties:
    """What is known of a resource before it is changed: what AWS made up stays."""
    kept = {key: value for key, value in olds.items() if key not in _NOTES}
    return kept | {key: _stripped(value) for key, value in news.items() if key != DEFAULTS}


def read_inputs(resource: Resource, values: Plain, before: Properties) -> Properties:
    """The inputs after a refresh or an import: what a program would give for what is there.

    What it gave `before` is written as it was, where it means the same.
    """
    result: Properties = {}
    for name, field in resource.fields.items():
        old, new = before.get(name), values.get(name)
        if field.output or new is None:
            continue
        if old is not None:
            result[name] = old if same(field, plain({name: old})[name], new) else _like(old, new)
        elif not field.computed and not empty(new) and not same(field, new, field.default):
            result[name] = _given(field, new)
        elif not before and field.computed and field.autoname:
            result[name] = new
    kept = [name for name in before.get(DEFAULTS, []) if name in result]
    return result | {DEFAULTS: kept}


def _like(old: Value, new: Value) -> Value:
    return Secret(new) if has_secret(old) else new


def _given(field: Field, value: Value) -> Value:
    return Secret(value) if field.secret else value


def _stripped(value: Value) -> Value:
    """A value without the notes about defaults, its marks kept."""
    if isinstance(value, Secret):
        return Secret(_stripped(value.value))
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if key != DEFAULTS}
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    return value


def expected(resource: Resource, state: Plain, wanted: Plain) -> Properties:
    """What is known of a resource after a change: what is wanted, else AWS's own of before."""
    own = {
        name: state[name]
        for name, field in resource.fields.items()
        if (field.output or field.computed) and state.get(name) is not None
    }
    return {**own, **wanted}


def with_ignored(state: Plain, wanted: Plain, ignored: set[str]) -> Properties:
    """What is wanted, but for the properties whose changes the program ignores."""
    kept = {name: state[name] for name in ignored if state.get(name) is not None}
    return {**{name: value for name, value in wanted.items() if name not in ignored}, **kept}
