"""Validation errors, turned into problems that people can mend."""

import difflib
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components.settings import schema
from components.settings.problem import (
    Problem,
    join,
    remove_command,
    set_command,
    set_secret_command,
    set_text_command,
    shown,
    typed,
)
from components.settings.values import Key, NotLossless

_WRONG_SHAPE: Final = ("model_type", "model_attributes_type", "dict_type", "tuple_type")
_HIDDEN: Final = "has a value that does not do (it is secret, so it is not shown)"


def explain(error: ValidationError, section: tuple[str, ...]) -> list[Problem]:
    """Every error of a section, as problems. No secret's value is among them."""
    return [_problem(each, (*section, *each["loc"])) for each in error.errors()]


def unknown_key(path: str, known: Iterable[str]) -> Problem:
    """A key that this program does not have. Its value may be a secret in the wrong place."""
    parent, name = _split(path)
    known = sorted(known)
    nearest = closest(name, known)
    if nearest is None:
        return Problem(
            typed(path), "is not a key of this program", ", ".join(known), remove_command(path)
        )
    right = join(parent, nearest)
    place = schema.locate(_parts(right))
    return Problem(
        typed(path),
        f"is not a key of this program; did you mean {typed(right)}?",
        ", ".join(known),
        f"{remove_command(path)} && {fix_for(right, place.key)}",
    )


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody may have meant."""
    plain = {_plain(each): each for each in known}
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def fix_for(path: str, key: Key | None) -> str:
    """The command that gives a key a value that would do."""
    if key is not None and key.secret:
        return set_secret_command(path)
    return set_command(path, key.example if key is not None else "VALUE")


def _problem(error: ErrorDetails, location: tuple[str | int, ...]) -> Problem:
    place = schema.locate(location)
    if error["type"] == "extra_forbidden":
        above = schema.locate(location[:-1])
        return unknown_key(place.path, schema.fields(*above.models))
    if error["type"] in _WRONG_SHAPE:
        return _wrong_shape(place, error["input"])
    allowed = place.key.allowed if place.key else ""
    if error["type"] == "missing":
        return Problem(typed(place.path), "is missing", allowed, fix_for(place.path, place.key))
    cause = (error.get("ctx") or {}).get("error")
    why = f": {cause}" if isinstance(cause, ValueError) else ""
    finding = f"{_HIDDEN}{why}" if place.is_secret else f"is {shown(error['input'])}{why}"
    fix = fix_for(place.path, place.key)
    if isinstance(cause, NotLossless) and not place.is_secret:
        fix = set_text_command(place.path, shown(error["input"]))
    if location[-1] == "[key]":
        return Problem(typed(place.path), f"has a bad name: {cause}", allowed, remove_command(place.path))
    return Problem(typed(place.path), finding, allowed, fix)


def _wrong_shape(place: schema.Place, value: Any) -> Problem:
    """A scalar where an object or list belongs: it has to go before a part of it can be set."""
    inner = schema.fields(*place.models)
    holds_secret = place.is_secret or any(schema.key_of(each).secret for each in inner.values())
    if not inner:
        path, key = join(place.path, 0), place.key
    else:
        name, field = next(
            ((name, each) for name, each in inner.items() if each.is_required()),
            next(iter(inner.items())),
        )
        path, key = join(place.path, name), schema.key_of(field)
    return Problem(
        typed(place.path),
        _HIDDEN if holds_secret else f"is {shown(value)}",
        f"an object with the keys {', '.join(inner)}" if inner else (key.allowed if key else ""),
        f"{remove_command(place.path)} && {fix_for(path, key)}",
    )


def _split(path: str) -> tuple[str, str]:
    parent, _, name = path.rpartition(".")
    return parent, name


def _parts(path: str) -> tuple[str | int, ...]:
    parts: list[str | int] = []
    for name in path.split("."):
        head, *positions = name.replace("]", "").split("[")
        parts += [head, *(int(each) for each in positions if each.isdigit())]
    return tuple(parts)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
