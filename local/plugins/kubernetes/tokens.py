"""From Pulumi's type tokens to Kubernetes kinds, and which of them are not done here."""

from __future__ import annotations

from local.plugins.kubernetes.objects import Kind
from local.plugins.problems import RefusedError


def kind_of_urn(urn: str) -> Kind:
    """The kind in a URN's type, `kubernetes:apps/v1:Deployment`. Raises RefusedError."""
    token = urn.split("::")[2].rsplit("$", maxsplit=1)[-1]
    _, module, name = token.split(":", 2)
    group, slash, version = module.rpartition("/")
    if not slash or module.startswith(("helm.sh/", "kustomize/", "yaml/")):
        raise RefusedError(not_done(f"the resource {token}"))
    kind = Kind("" if group == "core" else group, version, name)
    if kind.built_in and name.endswith("List"):
        raise RefusedError(f"{token} is a list: declare the objects themselves")
    if kind.built_in and name.endswith("Patch"):
        raise RefusedError(not_done(f"the patch resource {token}"))
    return kind


def not_done(what: str) -> str:
    """That something is missing here, and the two ways around it."""
    return (
        f"{what} is not done by the local stand-in of the Kubernetes provider, which knows plain"
        " objects only: declare the objects themselves, or use the official provider"
        " (docs/stand-ins.md)"
    )
