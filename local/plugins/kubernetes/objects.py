"""Small questions to ask of a Kubernetes object, and the annotations that steer the provider."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

KubeObject: TypeAlias = dict[str, Any]

AUTONAMED = "pulumi.com/autonamed"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
WAIT_FOR = "pulumi.com/waitFor"

READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
"""What the API server fills in; never part of what a program wants."""

_DASHED = {
    name: "x-" + name.removeprefix("x_").replace("_", "-")
    for name in (
        "x_kubernetes_embedded_resource",
        "x_kubernetes_int_or_string",
        "x_kubernetes_list_map_keys",
        "x_kubernetes_list_type",
        "x_kubernetes_map_type",
        "x_kubernetes_preserve_unknown_fields",
        "x_kubernetes_validations",
    )
}
_UNDERSCORED = {dashed: name for name, dashed in _DASHED.items()}


_BUILT_IN = """
    admissionregistration apiextensions apiregistration authentication authorization certificates
    coordination discovery events flowcontrol.apiserver networking node rbac.authorization
    resource scheduling storage storagemigration
"""
_BUILT_IN_GROUPS = {f"{name}.k8s.io" for name in _BUILT_IN.split()}


@dataclass(frozen=True)
class Kind:
    """A group, version and kind; `group` is empty for the core API."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As in an object: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself serves it, with types that normalise what they are given."""
        return "." not in self.group or self.group in _BUILT_IN_GROUPS

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}"


def clone(value: Any) -> Any:
    """A deep copy of plain data, several times faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def kind_of(obj: KubeObject) -> Kind:
    """The kind an object says it has."""
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    return Kind("" if group == "core" else group, version, str(obj.get("kind", "")))


def get(obj: Any, *path: str | int, default: Any = None) -> Any:
    """The value at a path of keys and indices, or `default` where the path ends early."""
    for step in path:
        try:
            obj = obj[step]
        except (KeyError, IndexError, TypeError):
            return default
    return default if obj is None else obj


def name_of(obj: KubeObject) -> str:
    """`metadata.name`, empty when there is none."""
    name = get(obj, "metadata", "name", default="")
    return name if isinstance(name, str) else ""


def namespace_of(obj: KubeObject) -> str:
    """`metadata.namespace`, empty when there is none."""
    namespace = get(obj, "metadata", "namespace", default="")
    return namespace if isinstance(namespace, str) else ""


def id_of(obj: KubeObject) -> str:
    """The Pulumi id: `namespace/name`, or `name` for what has no namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def split_id(resource_id: str) -> tuple[str, str]:
    """Namespace (empty if none) and name."""
    namespace, slash, name = resource_id.partition("/")
    return (namespace, name) if slash else ("", namespace)


def annotation(obj: KubeObject, name: str) -> str:
    """The annotation's text, empty when it is not there."""
    value = get(obj, "metadata", "annotations", name, default="")
    return value if isinstance(value, str) else ""


def annotated(obj: KubeObject, name: str) -> bool:
    """Whether the annotation says `true`."""
    return annotation(obj, name) == "true"


def without_read_only(obj: KubeObject) -> KubeObject:
    """A copy without what only the API server may set."""
    clean: KubeObject = clone(obj)
    metadata = clean.get("metadata")
    if isinstance(metadata, dict):
        for field in READ_ONLY_METADATA:
            metadata.pop(field, None)
    return clean


def normalized(obj: KubeObject) -> KubeObject:
    """A copy as the API server would store it, as far as that is known without it.

    A Secret's `stringData` becomes `data`; a CustomResourceDefinition loses what the server drops.
    """
    clean = without_read_only(obj)
    kind = kind_of(clean)
    if kind == Kind("", "v1", "Secret"):
        _normalize_secret(clean)
    elif kind.kind == "CustomResourceDefinition":
        clean.pop("status", None)
        if get(clean, "spec", "preserveUnknownFields", default=True) is False:
            del clean["spec"]["preserveUnknownFields"]
    return clean


def _normalize_secret(secret: KubeObject) -> None:
    texts = secret.get("stringData")
    if isinstance(texts, dict) and texts:
        data = secret.setdefault("data", {})
        for key, text in texts.items():
            data[key] = base64.b64encode(str(text).encode()).decode()
        del secret["stringData"]
    for key, encoded in (secret.get("data") or {}).items():
        try:
            decoded = base64.b64decode(encoded)
        except (binascii.Error, TypeError, ValueError):
            continue
        secret["data"][key] = base64.b64encode(decoded).decode()


def rename_keys(value: Any, *, dashed: bool) -> Any:
    """CRD schema extensions have dashes in Kubernetes and underscores in Pulumi's properties."""
    table = _DASHED if dashed else _UNDERSCORED
    if isinstance(value, dict):
        return {table.get(k, k): rename_keys(v, dashed=dashed) for k, v in value.items()}
    if isinstance(value, list):
        return [rename_keys(item, dashed=dashed) for item in value]
    return value


def random_suffix(seed: bytes) -> str:
    """Eight hexadecimal digits; the same ones for the same seed, so that a preview keeps them."""
    return sha256(seed).hexdigest()[:8] if seed else secrets.token_hex(4)


def condition(obj: KubeObject, kind: str) -> dict[str, Any]:
    """The status condition of that type, empty when the status has none."""
    return find_condition(get(obj, "status", "conditions", default=[]), kind)


def find_condition(conditions: Sequence[Any], kind: str) -> dict[str, Any]:
    """The condition of that type in a list of them, or an empty one."""
    for entry in conditions:
        if isinstance(entry, dict) and entry.get("type") == kind:
            return entry
    return {}
