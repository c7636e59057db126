"""Names that nobody chose: of objects without one, and of field managers."""

from __future__ import annotations

from local.plugins.kubernetes.objects import (
    AUTONAMED,
    PATCH_FIELD_MANAGER,
    KubeObject,
    annotated,
    annotation,
    clone,
    get,
    name_of,
    random_suffix,
)
from local.plugins.values import Unknown

MANAGER_PREFIX = "pulumi-kubernetes-"


def named(
    wanted: KubeObject, before: KubeObject, logical_name: str, seed: bytes, proposed: str = ""
) -> KubeObject:
    """A copy with a name: its own, the one it was given before, or a new one.

    `proposed` is the engine's own proposal, when the stack configures autonaming.
    """
    metadata = wanted.get("metadata") or {}
    if isinstance(metadata, Unknown) or isinstance(metadata.get("name"), Unknown):
        return wanted
    if name_of(wanted):
        return wanted
    if before:
        if not annotated(before, AUTONAMED):
            return wanted
        name = name_of(before)
    else:
        name = proposed or f"{logical_name}-{random_suffix(seed)}"
    result: KubeObject = clone(wanted)
    chosen = result.setdefault("metadata", {})
    chosen["name"] = name
    chosen.setdefault("annotations", {})[AUTONAMED] = "true"
    return result


def is_named(wanted: KubeObject) -> bool:
    """Whether it has a name, known or to be known."""
    return bool(get(wanted, "metadata", "name"))


def field_manager(wanted: KubeObject, remembered: str = "", seed: bytes = b"") -> str:
    """The annotation's choice, else the one in the state, else a new one for this object."""
    chosen = annotation(wanted, PATCH_FIELD_MANAGER)
    return chosen or remembered or MANAGER_PREFIX + random_suffix(seed)
