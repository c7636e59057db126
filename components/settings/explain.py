"""Validation errors, turned into problems that people can mend."""

import difflib
from collections.abc import Iterable, Sequence
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
from components.settings.values import NotLossless

_WRONG_SHAPE: Final = ("model_type", "model_attributes_type", "dict_type", "tuple_type")
_HIDDEN: Final = "has a value that does not do (it is secret, so it is not shown)"


def explain(error: ValidationError, section: tuple[str, ...]) -> list[Problem]:
    """Every error of a section, as problems. No secret's value is among them."""
    return [_problem(each, (*section, *each["loc"])) for each in error.errors()]


def unknown_key(location: Sequence[str | int], known: Iterable[str]) -> Problem:
    """A key that this program does not have. Its value may be a secret in the wrong place."""
    path, known = schema.locate(location).path, sorted(known)
    nearest = closest(str(location[-1]), known)
    if nearest is None:
        return Problem(
            typed(path), "is not a key of this program", ", ".join(known), remove_command(path)
        )
    right = schema.locate((*location[:-1], nearest))
    return Problem(
        typed(path),
        f"is not a key of this program; did you mean {typed(right.path)}?",
        ", ".join(known),
        f"{remove_command(path)} && {fix_for(schema.settable((*location[:-1], nearest)))}",
    )


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody may have meant."""
    plain = {_plain(each): each for each in known}
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def fix_for(place: schema.Place) -> str:
    """The command that gives a key a value that would do."""
    if place.key is not None and place.is_secret:
        return set_secret_command(place.path)
    path = join(place.path, 0) if place.is_list else place.path
    return set_command(path, place.key.example if place.key else "VALUE")


def _problem(error: ErrorDetails, location: tuple[str | int, ...]) -> Problem:
    place = schema.locate(location)
    allowed = place.key.allowed if place.key else ""
    if error["type"] == "extra_forbidden":
        return unknown_key(location, schema.fields(*schema.locate(location[:-1]).models))
    if error["type"] in _WRONG_SHAPE:
        return _wrong_shape(location, error["input"])
    if error["type"] == "missing":
        return Problem(typed(place.path), "is missing", allowed, fix_for(place))
    cause = (error.get("ctx") or {}).get("error")
    why = f": {cause}" if isinstance(cause, ValueError) else ""
    if location[-1] == "[key]":
        return Problem(
            typed(place.path), f"has a bad name{why}", allowed, remove_command(place.path)
        )
    if place.is_secret:
        return Problem(typed(place.path), f"{_HIDDEN}{why}", allowed, fix_for(place))
    fix = fix_for(place)
    if isinstance(cause, NotLossless):
        fix = set_text_command(place.path, shown(error["input"]))
    return Problem(typed(place.path), f"is {shown(error['input'])}{why}", allowed, fix)


def _wrong_shape(location: tuple[str | int, ...], value: Any) -> Problem:
    """A scalar where an object or list belongs: it has to go before a part of it can be set."""
    place = schema.locate(location)
    inner = schema.fields(*place.models)
    allowed = place.key.allowed if place.key else ""
    if inner and not (place.is_map or place.is_list):
        allowed = f"an object with the keys {', '.join(inner)}"
    holds_secret = place.is_secret or any(schema.key_of(each).secret for each in inner.values())
    return Problem(
        typed(place.path),
        _HIDDEN if holds_secret else f"is {shown(value)}",
        allowed,
        f"{remove_command(place.path)} && {fix_for(schema.settable(location))}",
    )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
