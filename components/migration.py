"""A color's migration: a Job from the color's own image, done before its first pod starts.

It only ever adds to the schema (expand); taking away is a later, separate step. Its name has a
digest of the image, so a new version brings a new Job and an unchanged one runs nothing.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components import pods
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

    job: k8s.batch.v1.Job

    def __init__(
        self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:migration:Migration", name, None, opts)
        command = list(args.settings.command)
        digest = checksum({"image": args.image, "command": " ".join(command)})[:8]
        labels = {"app": "migrate", "color": str(args.color)}
        self.job = k8s.batch.v1.Job(
            f"{name}-job",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=f"{name}-{digest}",
                namespace=args.namespace,
                labels=labels,
                annotations={"pulumi.com/timeoutSeconds": str(args.settings.timeout_seconds)},
            ),
            spec=k8s.batch.v1.JobSpecArgs(
                backoff_limit=RETRIES,
                active_deadline_seconds=args.settings.timeout_seconds,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
                    spec=k8s.core.v1.PodSpecArgs(
                        restart_policy="Never",
                        automount_service_account_token=False,
                        enable_service_links=False,
                        security_context=pods.pod_security(),
                        volumes=[pods.tmp_volume()],
                        containers=[
                            k8s.core.v1.ContainerArgs(
                                name="migrate",
                                image=args.image,
                                image_pull_policy=args.service.pull_policy,
                                command=command,
                                env_from=[
                                    k8s.core.v1.EnvFromSourceArgs(
                                        secret_ref=k8s.core.v1.SecretEnvSourceArgs(
                                            name=args.secret.name
                                        )
                                    )
                                ],
                                resources=pods.resources(args.service.resources),
                                security_context=pods.container_security(),
                                volume_mounts=[pods.tmp_mount()],
                            )
                        ],
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"job": self.job.metadata.name})
