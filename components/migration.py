"""A color's migration: a Job from the color's own image, done before its first pod starts.

It only ever adds to the schema (expand); taking away is a later, separate step. Its name has a
digest of the image, so a new version brings a new Job and an unchanged one runs nothing.
"""

from dataclasses import dataclass
from typing import Final

import pulumi

from components import pods
from components.kube import Body, KubeObject
from components.settings import MigrationsSettings, ServiceSettings
from components.workload import ColorSecret, checksum
from ops.color import Color

RETRIES: Final = 3


@dataclass
class MigrationArgs:
    """What migrates: the image and environment of one service in one color."""

    namespace: pulumi.Input[str]
    color: Color
    image: str
    settings: MigrationsSettings
    service: ServiceSettings
    secret: ColorSecret


class Migration(pulumi.ComponentResource):
    """The migration of one color. `job` is awaited until it has completed."""

    job: KubeObject

    def __init__(
        self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:migration:Migration", name, None, opts)
        digest = checksum({"image": args.image, "command": " ".join(args.settings.command)})
        self.job = KubeObject(
            f"{name}-job",
            _job(args, f"{name}-{digest[:8]}"),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"job": name})


def _job(args: MigrationArgs, name: str) -> Body:
    labels = {"app": "migrate", "color": str(args.color)}
    timeout = args.settings.timeout_seconds
    container = {
        "name": "migrate",
        "image": args.image,
        "imagePullPolicy": args.service.pull_policy,
        "command": list(args.settings.command),
        "envFrom": [{"secretRef": {"name": args.secret.name}}],
        "resources": pods.resources(args.service.resources),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": args.namespace,
            "labels": labels,
            "annotations": {"pulumi.com/timeoutSeconds": str(timeout)},
        },
        "spec": {
            "backoffLimit": RETRIES,
            "activeDeadlineSeconds": timeout,
            "template": {
                "metadata": {"labels": labels},
                "spec": pods.pod(container, restartPolicy="Never"),
            },
        },
    }
