"""The provider's own configuration.

From `kubernetes:` keys, else from the environment variables that the official provider reads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY = "kubernetes:config:"
_FLAGS = {
    "delete_unreachable": ("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    "skip_update_unreachable": ("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
    "config_maps_mutable": ("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
    "secrets_mutable": ("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
    "patch_force": ("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
    "upsert": ("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
    "quiet_deprecations": (
        "suppressDeprecationWarnings",
        "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS",
    ),
    "server_side_apply": ("enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY"),
}
_TEXTS = ("kubeconfig", "context", "cluster", "namespace")
_WITHOUT_EFFECT = {
    "suppressHelmHookWarnings",
    "helmReleaseSettings",
    "kubeClientSettings",
    "clusterIdentifier",
    "alwaysRender",
    "version",
    "pluginDownloadURL",
}


class UnsupportedSettingError(Exception):
    """A setting asks for something that only the official provider does."""


@dataclass(frozen=True)
class Settings:
    """What the `kubernetes:` configuration says; fields are named for what they allow."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    config_maps_mutable: bool = False
    secrets_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False
    quiet_deprecations: bool = False
    server_side_apply: bool = True


def read(variables: Mapping[str, str]) -> Settings:
    """From the variables of a Configure request. Raises UnsupportedSettingError."""
    given = {key.removeprefix(KEY): value for key, value in variables.items()}
    if given.get("renderYamlToDirectory"):
        raise UnsupportedSettingError(
            "kubernetes:renderYamlToDirectory is not done by the local stand-in of the Kubernetes"
            " provider: use the official one (docs/stand-ins.md)"
        )
    values: dict[str, Any] = {name: _text(given.get(name, "")) for name in _TEXTS}
    for field, (key, variable) in _FLAGS.items():
        text = given.get(key) or os.environ.get(variable, "")
        if text:
            values[field] = _text(text).lower() == "true"
    settings = Settings(**values)
    if not settings.server_side_apply:
        raise UnsupportedSettingError(
            "kubernetes:enableServerSideApply=false (client-side apply) is not done by the local"
            " stand-in of the Kubernetes provider: take the setting out, or use the official"
            " provider (docs/stand-ins.md)"
        )
    known = {key for key, _ in _FLAGS.values()} | {*_TEXTS, *_WITHOUT_EFFECT}
    unknown = sorted(key for key in given if key not in known and key != "renderYamlToDirectory")
    if unknown:
        raise UnsupportedSettingError(
            f"unknown setting of the Kubernetes provider: kubernetes:{unknown[0]}"
        )
    return settings


def _text(value: str) -> str:
    """Values may come JSON-encoded: `"true"` with its quotes, a kubeconfig as an object."""
    if value[:1] == '"':
        try:
            decoded = json.loads(value)
        except ValueError:
            return value
        return decoded if isinstance(decoded, str) else value
    return value
