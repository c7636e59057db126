"""The environment of a service's pods: a ConfigMap of its own, and its color's Secret.

Pods read it when they start, so their checksums stand in the pods' annotations: what changes the
environment makes new pods.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.kube import KubeObject, name_of
from ops import names
from ops.body import Body


@dataclass(frozen=True)
class ColorSecret:
    """The color's Secret: its name, and a checksum that changes when its content does."""

    name: pulumi.Input[str]
    checksum: str | pulumi.Output[str]


@dataclass(frozen=True)
class Environment:
    """What a container is given: its `envFrom`, and the annotations with the checksums."""

    sources: list[Body]
    checksums: dict[str, pulumi.Input[str]]


def declare(
    metadata: Body,
    values: Mapping[str, str],
    secret: ColorSecret | None,
    opts: pulumi.ResourceOptions,
) -> Environment:
    """Declare the ConfigMap, and give what a pod needs of it and of the Secret."""
    name = str(metadata["name"])
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(values)}
    config = KubeObject(name, body, opts)
    sources: list[Body] = [{"configMapRef": {"name": name_of(config, name)}}]
    checksums: dict[str, pulumi.Input[str]] = {f"{names.DOMAIN}/config-checksum": checksum(values)}
    if secret:
        sources.append({"secretRef": {"name": secret.name}})
        checksums[f"{names.DOMAIN}/secret-checksum"] = secret.checksum
    return Environment(sources, checksums)


def checksum(content: Mapping[str, str]) -> str:
    """A short digest that changes when any key or value does."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
