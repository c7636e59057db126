"""Pulumi's lock on a stack's state, looked at without taking it.

A folder or a bucket has a file for each lock (pkg/backend/diy/lock.go of pulumi); Pulumi's service
says whether an update goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ValidationError

from ops.backups.opening import open_store
from ops.backups.store import Store
from ops.errors import CouldNotFindOut
from ops.stack import PROJECT
from ops.stack_lock import Lock, Owner
from ops.times import moment

if TYPE_CHECKING:
    from ops.stack import Stack

FOLDER: Final = ".pulumi/locks/organization/{project}/{stack}/"
FILE: Final = "file://"
S3: Final = "s3://"
SERVICE: Final = ("https://", "http://")


class _Content(BaseModel):
    pid: int
    hostname: str
    timestamp: str


@dataclass(frozen=True)
class Standing:
    """A lock that stands; `since` is RFC 3339, empty where the backend does not say."""

    lock: Lock
    since: str = ""

    def __str__(self) -> str:
        return f"{self.lock}{', since ' + moment(self.since) if self.since else ''}"


def read(stack: Stack) -> Standing | None:
    """The lock, None where the state is free. Raises UsageError and CouldNotFindOut."""
    backend = stack.backend()
    if backend.startswith(SERVICE):
        return Standing(Lock(())) if stack.summary().get("updateInProgress") else None
    place = backend.partition("?")[0]
    if place.startswith((FILE, S3)):
        return of_store(open_store(place.removeprefix(FILE)), stack.short_name)
    raise CouldNotFindOut(
        f"the state is at {place}, where locks can't be looked at from here: `pulumi up` tells"
    )


def of_store(store: Store, stack: str) -> Standing | None:
    """The locks in a folder or a bucket, None where there is none."""
    found = []
    for name in store.names(FOLDER.format(project=PROJECT, stack=stack)):
        # In a folder each file has another one with its attributes beside it.
        if not name.endswith(".json"):
            continue
        try:
            found.append(_Content.model_validate_json(store.read(name)))
        except FileNotFoundError:
            # Given back between the two questions.
            continue
        except ValidationError as error:
            raise CouldNotFindOut(
                f"the lock {store.place}/{name} stands but can't be understood. Look into it; "
                f"`pulumi cancel --yes --stack {stack}` takes it away"
            ) from error
    if not found:
        return None
    owners = tuple(Owner(each.hostname, each.pid) for each in found)
    return Standing(Lock(owners), min(each.timestamp for each in found))
