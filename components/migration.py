"""A color's migration: a Job from the color's own image, done before its first pod starts.

It only ever adds to the schema (expand); taking away is a later, separate step. Its name has a
digest of image and secrets, so a new version or password brings a new Job, and nothing else does.
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
DEADLINE_AFTER_SECONDS: Final = 30
"""`up` gives up first, while the pods are there to say why; then Kubernetes ends the Job."""


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
        command = " ".join(args.settings.command)
        digest = checksum({"image": args.image, "command": command, "secret": args.secret.checksum})
        self.job = KubeObject(
            f"{name}-job",
            _job(args, f"{name}-{digest[:8]}"),
            # Created first, a failed one would leave the old one behind under the name that going
            # back needs again.
            pulumi.ResourceOptions(parent=self, delete_before_replace=True),
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
            "activeDeadlineSeconds": timeout + DEADLINE_AFTER_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": pods.pod(container, restartPolicy="Never"),
            },
        },
    }
