"""How the properties of a type of resource are declared: kind, default, what a change means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

from local.plugins.values import Value


class Kind(Enum):
    """What kind of value a property has."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    FLAG = auto()
    DOCUMENT = auto()
    """JSON as text: policies."""
    LIST = auto()
    SET = auto()
    """A list whose order means nothing."""
    MAP = auto()
    OBJECT = auto()


Rule = Callable[[Value], str | None]
"""Says what is wrong with a value, or None."""


@dataclass(frozen=True)
class Field:
    """One property, as the official provider declares it."""

    kind: Kind
    required: bool = False
    default: Value = None
    computed: bool = False
    """AWS fills it in when the program leaves it out."""
    output: bool = False
    """It only ever comes from AWS."""
    replaces: bool = False
    """Another value needs a new resource."""
    secret: bool = False
    unread: bool = False
    """AWS does not give it back; the state says what was asked for."""
    steady: bool = False
    """It moves by itself or with other resources: kept as it was when the state was written."""
    rule: Rule | None = None
    alike: Callable[[str], str] | None = None
    """Texts with the same result mean the same."""
    autoname: Autoname | None = None
    items: Field | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Autoname:
    """How a name is made up: the resource's own, a separator and seven hexadecimal digits."""

    length: int = 255
    separator: str = "-"
    prefix: str = ""


Fields = Mapping[str, Field]


def text(**options: Any) -> Field:
    """A string."""
    return Field(Kind.TEXT, **options)


def integer(**options: Any) -> Field:
    """A whole number."""
    return Field(Kind.INTEGER, **options)


def number(**options: Any) -> Field:
    """Any number."""
    return Field(Kind.NUMBER, **options)


def flag(**options: Any) -> Field:
    """True or false."""
    return Field(Kind.FLAG, **options)


def document(**options: Any) -> Field:
    """JSON as text."""
    return Field(Kind.DOCUMENT, **options)


def list_of(items: Field, **options: Any) -> Field:
    """Values in an order."""
    return Field(Kind.LIST, items=items, **options)


def set_of(items: Field, **options: Any) -> Field:
    """Values in no order."""
    return Field(Kind.SET, items=items, **options)


def mapping(items: Field | None = None, **options: Any) -> Field:
    """Values by names that the program chooses; texts, unless said otherwise."""
    return Field(Kind.MAP, items=items or text(), **options)


def structure(fields: Fields, **options: Any) -> Field:
    """Values by names that are given here."""
    return Field(Kind.OBJECT, fields=fields, **options)


def output(of: Field | None = None, **options: Any) -> Field:
    """What AWS answers; a text, unless said otherwise."""
    return replace(of or text(), output=True, **options)


def name(**options: Any) -> Field:
    """A name, made up where the program gives none. Another name is another resource."""
    return text(computed=True, replaces=True, **{"autoname": Autoname(), **options})


ARN = output()
TAGS: dict[str, Field] = {"tags": mapping(), "tagsAll": mapping(computed=True)}
"""The tags of a resource, and with those that the provider's configuration adds."""
REGION: dict[str, Field] = {"region": text(computed=True, replaces=True)}


def between(low: int, high: int, *also: int) -> Rule:
    """A number from `low` to `high`, or one of `also`."""

    def rule(value: Value) -> str | None:
        if low <= value <= high or value in also:
            return None
        others = "".join(f", or {number}" for number in also)
        return f"must be {low} to {high}{others}, not {value}"

    return rule


def at_least(low: int) -> Rule:
    """A number from `low` on."""
    return lambda value: None if value >= low else f"must be {low} or more, not {value}"


def one_of(*allowed: Value) -> Rule:
    """One of the values that AWS knows."""

    def rule(value: Value) -> str | None:
        if value in allowed:
            return None
        return f"must be one of {', '.join(map(str, allowed))}, not {value}"

    return rule
