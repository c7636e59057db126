"""Making, changing and deleting one object, with a field manager of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from local.plugins.kubernetes.client import (
    APPLY,
    JSON_PATCH,
    Answer,
    ApiError,
    Client,
    NoSuchKindError,
)
from local.plugins.kubernetes.diff import MISSING, at
from local.plugins.kubernetes.objects import (
    DELETION_PROPAGATION,
    PATCH_FORCE,
    KubeObject,
    annotated,
    annotation,
    clone,
    get,
    kind_of,
    name_of,
    namespace_of,
)
from local.plugins.paths import Path

CREATION_PATIENCE = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 4.0)
"""Seconds between tries while the namespace or the kind of a new object is not there yet."""
_ADOPTED_MANAGERS = {
    "kubectl",
    "kubectl-client-side-apply",
    "kubectl-create",
    "before-first-apply",
    "pulumi-kubernetes",
    "pulumi-resource-kubernetes",
}
"""Whose fields are taken over without a conflict: earlier writes by this provider or kubectl."""


class FieldConflictError(Exception):
    """Another field manager owns a field that was to change; `managers` are those."""

    def __init__(self, wanted: KubeObject, manager: str, refusal: ApiError) -> None:
        super().__init__(_conflict_text(wanted, manager, refusal))
        self.managers = {
            found[1]
            for cause in _conflicts(refusal)
            if (found := re.search(r'conflict with "([^"]+)"', cause.get("message", "")))
        }


def _conflicts(refusal: ApiError) -> list[dict[str, str]]:
    return [
        cause
        for cause in get(refusal.details, "causes", default=[])
        if cause.get("reason") == "FieldManagerConflict"
    ]


def create(
    client: Client,
    wanted: KubeObject,
    manager: str,
    *,
    upsert: bool,
    force: bool,
    dry_run: bool,
    waiting: Callable[[str], None],
) -> Answer:
    """Make the object; with `upsert`, take over one that is there already.

    A namespace or kind that is about to appear is waited for, and a namesake that is about to go,
    unless `dry_run`.
    Raises ApiError (409 AlreadyExists among others), NoSuchKindError, FieldConflictError.
    """
    for attempt, delay in enumerate([*CREATION_PATIENCE, None]):
        try:
            if upsert:
                forced = force or (dry_run and not _exists(client, wanted))
                return _apply(client, wanted, manager, force=forced, dry_run=dry_run)
            return _post(client, wanted, manager, dry_run=dry_run)
        except (ApiError, NoSuchKindError) as error:
            if isinstance(error, ApiError) and not (error.code == 404 or error.being_deleted):
                raise
            if dry_run or delay is None:
                raise
            waiting(f"Retry #{attempt + 1}; creation failed: {error}")
            client.pause(delay)
    raise AssertionError("the last try raises or returns")


def _exists(client: Client, obj: KubeObject) -> bool:
    try:
        client.get(kind_of(obj), namespace_of(obj), name_of(obj))
    except ApiError as error:
        if error.code == 404:
            return False
        raise
    return True


def _post(client: Client, wanted: KubeObject, manager: str, *, dry_run: bool) -> Answer:
    resource = client.resource(kind_of(wanted))
    query = {"fieldManager": manager, "fieldValidation": "Warn"}
    if dry_run:
        query["dryRun"] = "All"
    try:
        return client.request("POST", resource.path(namespace_of(wanted)), query, wanted)
    except ApiError as error:
        if error.reason != "AlreadyExists" or dry_run:
            raise
        # An answer that got lost: the manager's name is new with each object, so an object
        # that carries it is the one just made.
        existing = client.get(resource.kind, namespace_of(wanted), name_of(wanted))
        if manager in {entry.get("manager") for entry in managed_fields(existing)}:
            return Answer(existing)
        raise


def _apply(
    client: Client, wanted: KubeObject, manager: str, *, force: bool, dry_run: bool
) -> Answer:
    resource = client.resource(kind_of(wanted))
    query = {
        "fieldManager": manager,
        "fieldValidation": "Warn",
        "force": "true" if force else "false",
    }
    if dry_run:
        query["dryRun"] = "All"
    path = resource.path(namespace_of(wanted), name_of(wanted))
    try:
        return client.request("PATCH", path, query, wanted, APPLY)
    except ApiError as error:
        if error.field_conflict:
            raise FieldConflictError(wanted, manager, error) from error
        raise


def _conflict_text(wanted: KubeObject, manager: str, error: ApiError) -> str:
    fields = "".join(
        f"\n  - {cause.get('field', '?')}: {cause.get('message', '')}"
        for cause in _conflicts(error)
    )
    return (
        f"Server-Side Apply field conflict: {kind_of(wanted)} {name_of(wanted)!r} was changed by"
        f" another field manager than {manager!r}:{fields}\n"
        "To overwrite these fields set the annotation"
        f' {PATCH_FORCE}: "true" on the object; to leave them to the other manager take them out'
        " of the program or list them in ignore_changes"
    )


def update(
    client: Client,
    wanted: KubeObject,
    manager: str,
    *,
    ignored: Sequence[Path],
    force: bool,
    dry_run: bool,
) -> Answer:
    """Change the object to what is wanted, by server-side apply.

    Raises ApiError, NoSuchKindError, FieldConflictError.
    """
    for _ in range(5):
        try:
            return _update(client, wanted, manager, ignored=ignored, force=force, dry_run=dry_run)
        except ApiError as error:
            if not error.modified:
                raise
            client.pause(0.05)
    return _update(client, wanted, manager, ignored=ignored, force=force, dry_run=dry_run)


def _update(
    client: Client,
    wanted: KubeObject,
    manager: str,
    *,
    ignored: Sequence[Path],
    force: bool,
    dry_run: bool,
) -> Answer:
    live = client.get(kind_of(wanted), namespace_of(wanted), name_of(wanted))
    if kind_of(wanted).kind == "CustomResourceDefinition":
        return _replace(client, wanted, live, manager, dry_run=dry_run)
    ours = {*_ADOPTED_MANAGERS, manager}
    if not dry_run and any(_is_update_by(entry, ours) for entry in managed_fields(live)):
        live = _adopt_fields(client, live, manager, ours)
    sent = leave_ignored(wanted, live, manager, ignored)
    try:
        return _apply(client, sent, manager, force=force, dry_run=dry_run)
    except FieldConflictError as error:
        if dry_run and error.managers <= ours:
            # What an update would have adopted first.
            return _apply(client, sent, manager, force=True, dry_run=True)
        raise


def _replace(
    client: Client, wanted: KubeObject, live: KubeObject, manager: str, *, dry_run: bool
) -> Answer:
    """A CRD is written as a whole, as `kubectl replace` does."""
    sent: KubeObject = clone(wanted)
    sent["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    query = {"fieldManager": manager} | ({"dryRun": "All"} if dry_run else {})
    resource = client.resource(kind_of(wanted))
    return client.request("PUT", resource.path(name=name_of(wanted)), query, sent)


def managed_fields(obj: KubeObject) -> list[dict[str, Any]]:
    """Who owns which fields, one entry a manager and operation."""
    entries: list[dict[str, Any]] = get(obj, "metadata", "managedFields", default=[])
    return entries


def _is_update_by(entry: dict[str, Any], managers: set[str]) -> bool:
    return (
        entry.get("operation") == "Update"
        and entry.get("manager") in managers
        and not entry.get("subresource")
    )


def _adopt_fields(client: Client, live: KubeObject, manager: str, ours: set[str]) -> KubeObject:
    """Turn what was written by plain creation or update into fields applied by `manager`.

    Kubernetes takes the same name with another operation for another manager, and would see a
    conflict with ourselves.
    """
    kept: list[dict[str, Any]] = []
    merged: dict[str, Any] = {}
    latest: dict[str, Any] = {}
    for entry in managed_fields(live):
        applied = entry.get("operation") == "Apply" and entry.get("manager") == manager
        if applied or _is_update_by(entry, ours):
            merged = _union(merged, entry.get("fieldsV1") or {})
            latest = entry if entry.get("time", "") >= latest.get("time", "") else latest
        else:
            kept.append(entry)
    own = {**latest, "manager": manager, "operation": "Apply", "fieldsV1": merged}
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, own]},
        {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": live["metadata"]["resourceVersion"],
        },
    ]
    path = client.resource(kind_of(live)).path(namespace_of(live), name_of(live))
    return client.request("PATCH", path, {"fieldManager": manager}, patch, JSON_PATCH).body


def _union(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for key, fields in other.items():
        both[key] = _union(both[key], fields) if key in both else fields
    return both


def leave_ignored(
    wanted: KubeObject, live: KubeObject, manager: str, ignored: Sequence[Path]
) -> KubeObject:
    """What to send so that ignored fields stay as they are.

    A field that only others own is left out; one of ours is sent with its live value.
    """
    sent: KubeObject = clone(wanted)
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    for entry in managed_fields(live):
        fields = entry.get("fieldsV1") or {}
        if entry.get("manager") == manager:
            ours = _union(ours, fields)
        else:
            theirs = _union(theirs, fields)
    for path in ignored:
        if not path or not all(isinstance(step, str) and step != "*" for step in path):
            continue
        owned = tuple(f"f:{step}" for step in path)
        holder = at(sent, path[:-1])
        if not isinstance(holder, dict):
            continue
        value = at(live, path)
        if at(theirs, owned) is not MISSING and at(ours, owned) is MISSING:
            holder.pop(path[-1], None)
        elif value is not MISSING:
            holder[path[-1]] = clone(value)
    return sent


def relinquish(client: Client, live: KubeObject, manager: str) -> None:
    """Give up every field of an earlier field manager's name."""
    body = {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {"name": name_of(live)},
    }
    resource = client.resource(kind_of(live))
    path = resource.path(namespace_of(live), name_of(live))
    client.request("PATCH", path, {"fieldManager": manager, "force": "true"}, body, APPLY)


def delete(client: Client, obj: KubeObject) -> KubeObject | None:
    """Ask for deletion, foreground unless annotated otherwise; None when it is gone already.

    Returns the object as far as it still exists, finalizers and all.
    """
    policy = annotation(obj, DELETION_PROPAGATION).lower()
    propagation = {"orphan": "Orphan", "background": "Background"}.get(policy, "Foreground")
    kind = kind_of(obj)
    try:
        path = client.resource(kind).path(namespace_of(obj), name_of(obj))
        answer = client.request("DELETE", path, body={"propagationPolicy": propagation}).body
    except NoSuchKindError:
        return None
    except ApiError as error:
        if error.code == 404:
            return None
        raise
    if answer.get("kind") == kind.kind and "metadata" in answer:
        return answer
    try:
        return client.get(kind, namespace_of(obj), name_of(obj))
    except ApiError as error:
        if error.code == 404:
            return None
        raise


def forced(wanted: KubeObject, *, by_default: bool) -> bool:
    """Whether conflicts are overwritten: the object's annotation, else the provider's setting."""
    return annotated(wanted, PATCH_FORCE) or by_default
