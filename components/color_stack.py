"""One complete color: its Secret, its migration, and a workload for each web service."""

from dataclasses import dataclass

import pulumi

from components.environment import ColorSecret, checksum
from components.kube import KubeObject, name_of
from components.migration import Migration, MigrationArgs
from components.settings import Settings
from components.workload import Workload, WorkloadArgs
from ops import names
from ops.color import Color


@dataclass
class ColorStackArgs:
    """The stack's settings, the color, and the hooks that guard its Deployments and Job.

    `database_url` is the database's address where the configuration has none.
    """

    settings: Settings
    color: Color
    namespace: pulumi.Input[str]
    database_url: pulumi.Output[str]
    hooks: pulumi.ResourceHookBinding | None = None
    migration_hooks: pulumi.ResourceHookBinding | None = None


class ColorStack(pulumi.ComponentResource):
    """One color. `ready` are the resources that must be there before it may get traffic.

    `idle` are the Deployments that are to have no replicas. `secret` and `migrated` are what the
    color's workers and cron jobs need too; those follow the route (`components/background.py`).
    """

    workloads: dict[str, Workload]
    idle: list[KubeObject]
    secret: ColorSecret
    migrated: tuple[pulumi.Resource, ...]

    def __init__(
        self, name: str, args: ColorStackArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:color_stack:ColorStack", name, None, opts)
        settings, color = args.settings, args.color
        self.secret = _secret(name, args, parent=self)
        self.migrated = _migration(name, args, self.secret, parent=self)
        self.workloads = {
            service: Workload(
                names.workload(service, color),
                WorkloadArgs(
                    namespace=args.namespace,
                    service=service,
                    color=color,
                    version=settings.version(color),
                    image=settings.image(color, service),
                    replicas=settings.replicas(color, service),
                    settings=service_settings,
                    secret=self.secret if service_settings.secrets else None,
                    hooks=args.hooks,
                    needs=self.migrated,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for service, service_settings in settings.web_services().items()
        }
        self.idle = [
            workload.deployment
            for service, workload in self.workloads.items()
            if settings.replicas(color, service) == 0
        ]
        self.register_outputs({"color": str(color), "version": settings.version(color)})

    @property
    def ready(self) -> list[pulumi.Resource]:
        """Deployments, awaited: they are available at the wanted version."""
        return [workload.deployment for workload in self.workloads.values()]

    @property
    def services(self) -> list[pulumi.Resource]:
        """Services, which routes name."""
        return [workload.service for workload in self.workloads.values()]


def _secret(name: str, args: ColorStackArgs, parent: pulumi.Resource) -> ColorSecret:
    values, digest = _secret_values(args)
    name_in_cluster = f"app-{args.color}"
    secret = KubeObject(
        f"{name}-secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": name_in_cluster,
                "namespace": args.namespace,
                "labels": {"color": str(args.color)},
            },
            "stringData": values,
        },
        pulumi.ResourceOptions(parent=parent),
    )
    return ColorSecret(name=name_of(secret, name_in_cluster), checksum=digest)


def _secret_values(
    args: ColorStackArgs,
) -> tuple[pulumi.Output[dict[str, str]], str | pulumi.Output[str]]:
    """What the Secret holds, and its checksum, which is no secret itself.

    An address that is configured is known at once; an instance's own once the instance is there.
    """
    known = args.settings.app_secrets()
    if "DATABASE_URL" in known:
        return pulumi.Output.secret(known), checksum(known)
    values = args.database_url.apply(lambda url: {**known, "DATABASE_URL": url})
    return pulumi.Output.secret(values), pulumi.Output.unsecret(values.apply(checksum))


def _migration(
    name: str, args: ColorStackArgs, secret: ColorSecret, parent: pulumi.Resource
) -> tuple[pulumi.Resource, ...]:
    migrations = args.settings.migrations
    if not migrations.enabled:
        return ()
    migration = Migration(
        f"migrate-{name}",
        MigrationArgs(
            namespace=args.namespace,
            color=args.color,
            image=args.settings.image(args.color, migrations.service),
            settings=migrations,
            service=args.settings.services[migrations.service],
            secret=secret,
            hooks=args.migration_hooks,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
    return (migration.job,)
