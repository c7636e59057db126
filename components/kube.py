"""A Kubernetes object, declared by its body as Kubernetes writes it.

The same resources as the typed classes of `pulumi_kubernetes` declare, without importing them:
that import alone was a fifth of a switch (docs/adr/0005).
"""

from functools import cache
from importlib import metadata
from typing import Final

import pulumi

from ops.body import Body

SECRET_OUTPUTS: Final = {"Secret": ["data", "stringData"]}
"""What Pulumi must never show, though a provider may give it back in other properties."""


class KubeObject(pulumi.CustomResource):
    """One object. `metadata`, and `spec` where its kind has one, are there once the object is."""

    metadata: pulumi.Output[Body]
    spec: pulumi.Output[Body]

    def __init__(
        self, resource_name: str, body: Body, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        kind = str(body["kind"])
        own = pulumi.ResourceOptions(
            version=provider_version(), additional_secret_outputs=SECRET_OUTPUTS.get(kind)
        )
        super().__init__(
            token(str(body["apiVersion"]), kind),
            resource_name,
            dict(body),
            pulumi.ResourceOptions.merge(own, opts),
        )


def token(api_version: str, kind: str) -> str:
    """The provider's type token: `kubernetes:core/v1:Secret`, `kubernetes:apps/v1:Deployment`."""
    return f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"


def name_of(resource: KubeObject, planned: str) -> pulumi.Output[str]:
    """The object's name, as an output of the object: what is named by it waits for it."""
    return resource.metadata.apply(lambda found: str((found or {}).get("name") or planned))


@cache
def provider_version() -> str:
    """Version of the Kubernetes provider that the locked SDK belongs to."""
    return metadata.version("pulumi-kubernetes")
