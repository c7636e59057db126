"""The models seen as a tree of keys: what a path leads to, which keys are secret."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import Tag
from pydantic.fields import FieldInfo

from components.settings.base import Part
from components.settings.model import Settings
from components.settings.problem import join
from components.settings.values import Key

ROOT: Final = Settings
_ANY_NAME: Final = "NAME"
"""Stands for the names that people choose (services, variables) in paths of the schema."""


@dataclass(frozen=True)
class Place:
    """Where an error is: its path as typed, the last key on the way, the models expected there."""

    path: str
    key: Key | None
    models: tuple[type[Part], ...]
    is_secret: bool
    is_map: bool
    is_list: bool


def key_of(field: FieldInfo) -> Key:
    """What people are told of a field."""
    return next(entry for entry in field.metadata if isinstance(entry, Key))


def fields(*models: type[Part]) -> dict[str, FieldInfo]:
    """The keys that any of the models has, by their names in config."""
    return {
        str(field.alias): field
        for model in models
        for field in model.model_fields.values()
        if any(isinstance(entry, Key) for entry in field.metadata)
    }


def models_in(annotation: Any, tag: str | None = None) -> tuple[type[Part], ...]:
    """The models that a type stands for, through optional, list and map.

    Of a union all of them, or those with the tag where one is given.
    """
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return (annotation,)
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        tags = [entry.tag for entry in arguments[1:] if isinstance(entry, Tag)]
        if tag and tags and tag not in tags:
            return ()
        return models_in(arguments[0], tag)
    return tuple(model for each in arguments for model in models_in(each, tag))


def is_map(annotation: Any) -> bool:
    """Whether a type is a map with names that people choose."""
    return get_origin(annotation) is dict


def locate(location: Sequence[str | int]) -> Place:
    """The place that a validation error's location speaks of."""
    path, key, secret = "", None, False
    models: tuple[type[Part], ...] = (ROOT,)
    annotation: Any = ROOT
    for part in location:
        if isinstance(part, str) and part.startswith("("):
            models = models_in(annotation, part)
            continue
        if part == "[key]":
            continue
        path = join(path, part)
        known = fields(*models)
        if isinstance(part, str) and part in known and not is_map(annotation):
            annotation = known[part].annotation
            key = key_of(known[part])
            secret = secret or key.secret
            models = models_in(annotation)
        else:
            annotation = ROOT if not models else models[0]
    return Place(path, key, models, secret, is_map(annotation), get_origin(annotation) is tuple)


def settable(location: Sequence[str | int]) -> Place:
    """The place itself, or where it is an object the first key below that has to have a value."""
    place = locate(location)
    inner = fields(*place.models)
    if place.is_map:
        return settable((*location, _ANY_NAME))
    if place.is_list:
        return settable((*location, 0))
    if not inner:
        return place
    required = [name for name, field in inner.items() if field.is_required()]
    return settable((*location, (required or list(inner))[0]))


def walk(model: type[Part] = ROOT, path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key below a model with its path; chosen names stand as NAME, lists as [0]."""
    for name, field in fields(model).items():
        here = join(path, name)
        yield here, field
        below = here
        if is_map(field.annotation):
            below = join(here, _ANY_NAME)
        elif get_origin(field.annotation) is tuple:
            below = join(here, 0)
        inner = {
            entry: found
            for each in reversed(models_in(field.annotation))
            for entry, found in walk(each, below)
        }
        yield from inner.items()


def secret_keys() -> tuple[str, ...]:
    """Paths of the keys that have to be encrypted; `secrets` stands for all below it."""
    return tuple(dict.fromkeys(path for path, field in walk() if key_of(field).secret))
