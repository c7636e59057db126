"""What a type of resource is: its properties, and how it is made, read, changed and deleted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from local.plugins.aws.fields import REGION, Fields
from local.plugins.aws.region import Region
from local.plugins.values import Properties, Value

Plain = Mapping[str, Value]
"""Properties as they go to AWS: no secret marks, nothing unknown."""


@dataclass(frozen=True)
class Known:
    """A resource as it is known: its id, and its state, or what is wanted of a new one."""

    id: str
    state: Plain


@dataclass(frozen=True)
class Update:
    """What is to change: the state as it was, what is wanted, and the properties that differ."""

    id: str
    old: Plain
    new: Plain
    changed: frozenset[str]

    def any(self, *names: str) -> bool:
        """Whether one of these properties differs."""
        return not self.changed.isdisjoint(names)


class Resource(ABC):
    """One type of resource. Values are named and shaped as in Pulumi; what `read` returns too."""

    title: ClassVar[str]
    """What it is called in messages."""
    properties: ClassVar[Fields]
    regional: ClassVar[bool] = True
    schema_version: ClassVar[int] = 0
    """Of the official provider, which would otherwise think the state an old one."""
    delete_first: ClassVar[bool] = False
    """Whether a new one can't stand beside the old one, whatever their names."""
    taken: ClassVar[tuple[str, ...]] = ()
    """AWS's error codes for a name that is taken."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.fields: Fields = {**self.properties, **(REGION if self.regional else {})}

    @abstractmethod
    def create(self, aws: Region, wanted: Plain) -> str:
        """Make it and return its id."""

    def finish(self, aws: Region, known: Known) -> None:  # noqa: B027 - most need nothing
        """Do what neither its creation does nor a change of it; done twice it is done once.

        What merely differs after the creation from what is wanted is left to `update`.
        """

    @abstractmethod
    def read(self, aws: Region, known: Known) -> Properties | None:
        """What AWS says of it now, None when it is gone."""

    def update(self, aws: Region, update: Update) -> None:  # noqa: B027 - some never change
        """Change it in place."""

    @abstractmethod
    def delete(self, aws: Region, known: Known) -> None:
        """Delete it. What is gone already is no error."""

    def find(self, aws: Region, wanted: Plain) -> str | None:  # noqa: ARG002
        """The id of what has the wanted name; the name itself, for most of AWS."""
        name: str | None = wanted.get("name")
        return name

    def unimportant(self, name: str, old: Plain, new: Plain) -> bool:  # noqa: ARG002
        """Whether a property that differs is to be left as it is."""
        return name == "region" and not old.get("region")

    def problems(self, wanted: Properties) -> list[tuple[str, str]]:  # noqa: ARG002
        """What is wrong with properties that are right each by itself: property, reason."""
        return []


def chosen(values: Plain, names: Mapping[str, str]) -> dict[str, Any]:
    """The values that are there, under AWS's names: `names` maps from Pulumi's to those."""
    return {there: values[here] for here, there in names.items() if values.get(here) is not None}


def answered(answer: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    """The reverse: from an answer of AWS, under Pulumi's names."""
    return {here: answer[there] for here, there in names.items() if answer.get(there) is not None}


def tag_list(tags: Value) -> list[Any]:
    """Tags in the form that most of AWS takes."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def tag_map(tags: Any) -> dict[str, str]:
    """The reverse; tags of AWS's own are not the program's business."""
    return {tag["Key"]: tag["Value"] for tag in tags or () if not tag["Key"].startswith("aws:")}


def retagged(update: Update) -> tuple[list[Any], list[str]]:
    """Tags to set, as a list, and the names of tags to take away."""
    old, new = update.old.get("tagsAll") or {}, update.new.get("tagsAll") or {}
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    return tag_list(changed), [key for key in old if key not in new]
