"""A color's migration: a Job from the color's own image, done before its first pod starts.

It only adds to the schema (expand); the rest is a step of its own (`scripts/migrate.py`). Its name
has a digest of image and secrets: a new version or password brings a new Job, nothing else does.
"""

from dataclasses import dataclass
from typing import Final

import pulumi

from components import pods
from components.environment import ColorSecret, checksum
from components.kube import KubeObject
from components.settings import MigrationsSettings, ServiceSettings
from ops import names
from ops.body import Body
from ops.color import Color

RETRIES: Final = 3
FINAL_EXIT_CODES: Final = (2, 3)
"""A wrong environment, and a refusal: the same again would end the same."""
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
    hooks: pulumi.ResourceHookBinding | None = None


class Migration(pulumi.ComponentResource):
    """The migration of one color. `job` is awaited until it has completed."""

    job: KubeObject

    def __init__(
        self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:migration:Migration", name, None, opts)
        self.job = KubeObject(
            f"{name}-job",
            _job(args, _job_name(name, args)),
            # Created first, a failed one would leave the old one behind under the name that going
            # back needs again.
            pulumi.ResourceOptions(parent=self, delete_before_replace=True, hooks=args.hooks),
        )
        self.register_outputs({"job": name})


def _job_name(name: str, args: MigrationArgs) -> pulumi.Input[str]:
    command = " ".join(args.settings.command)

    def digested(secret: str) -> str:
        digest = checksum({"image": args.image, "command": command, "secret": secret})
        return f"{name}-{digest[:8]}"

    secret = args.secret.checksum
    return digested(secret) if isinstance(secret, str) else secret.apply(digested)


def _job(args: MigrationArgs, name: pulumi.Input[str]) -> Body:
    labels = {"app": names.MIGRATE, "color": str(args.color)}
    timeout = args.settings.timeout_seconds
    # A failed Job never becomes ready, and its name stays the same: the next `up` makes it anew.
    notes = {"pulumi.com/timeoutSeconds": str(timeout), "pulumi.com/replaceUnready": "true"}
    container = {
        "name": names.MIGRATE,
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
            "annotations": notes,
        },
        "spec": {
            "backoffLimit": RETRIES,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": names.MIGRATE,
                            "operator": "In",
                            "values": list(FINAL_EXIT_CODES),
                        },
                    }
                ]
            },
            "activeDeadlineSeconds": timeout + DEADLINE_AFTER_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": pods.pod(container, restartPolicy="Never"),
            },
        },
    }
