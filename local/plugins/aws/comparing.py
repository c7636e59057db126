"""What changes between the state of a resource and what a program wants; pure, AWS is not asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from local.plugins.aws import documents
from local.plugins.aws.fields import Field, Fields, Kind
from local.plugins.differences import Change, Difference
from local.plugins.paths import Path
from local.plugins.values import Properties, Value, has_unknown


def empty(value: Value) -> bool:
    """Whether a value says no more than its absence, as AWS and Terraform see it."""
    return value is None or value in ("", [], {}) or value is False or value == 0


def canonical(field: Field, value: Value) -> Any:
    """A form in which values that mean the same are equal. None where it is empty."""
    if empty(value):
        return None
    if field.kind is Kind.DOCUMENT and isinstance(value, str):
        return documents.canonical(value)
    if field.kind is Kind.TEXT and field.alike:
        return field.alike(str(value))
    if field.kind in (Kind.LIST, Kind.SET) and isinstance(value, list) and field.items:
        items = [canonical(field.items, item) for item in value]
        return sorted(items, key=_in_order) if field.kind is Kind.SET else items
    if field.kind is Kind.OBJECT and isinstance(value, dict):
        known = {name: canonical(inner, value.get(name)) for name, inner in field.fields.items()}
        return {name: item for name, item in known.items() if item is not None}
    return value


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def same(field: Field, one: Value, other: Value) -> bool:
    """Whether two values mean the same."""
    return bool(canonical(field, one) == canonical(field, other))


def differences(fields: Fields, state: Properties, wanted: Properties) -> list[Difference]:
    """Every input that is to change, with what that needs."""
    found: list[Difference] = []
    for name, field in fields.items():
        if not field.output:
            found += _compare((name,), field, state.get(name), wanted.get(name))
    return found


def _compare(path: Path, field: Field, old: Value, new: Value) -> Iterator[Difference]:
    if new is None:
        if not field.computed and not empty(old):
            yield Difference(path, Change.DELETE, field.replaces)
    elif not has_unknown(new) and same(field, old, new):
        return
    elif isinstance(old, dict) and isinstance(new, dict) and not field.replaces:
        for key in dict.fromkeys([*old, *new]):
            inner = field.items or field.fields.get(key)
            if inner is not None:
                yield from _compare((*path, key), inner, old.get(key), new.get(key))
    else:
        yield Difference(path, Change.ADD if old is None else Change.UPDATE, field.replaces)
