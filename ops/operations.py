"""What scripts must know of a deployed stack: its output `operations`, read as types.

The program writes it (`components/operations.py`), so a script acts on what was deployed last, and
needs no second reader of the configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ops import invalid
from ops.color import Color
from ops.database import Address
from ops.dependencies import AI_PROVIDERS
from ops.errors import CouldNotFindOut
from ops.monitoring import MonitoringFacts
from ops.notify import NotificationFacts
from ops.release_facts import ReleaseFacts
from ops.stack import Stack

if TYPE_CHECKING:
    from ops.cluster import Cluster

OUTPUT: Final = "operations"


class _Facts(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class GenerationFacts(_Facts):
    """One generation of the database: `instance` is the RDS identifier, empty where there is none.

    `admin_secret` is the ARN of the Secrets Manager secret with its `username` and `password`.
    """

    name: str
    instance: str = ""
    admin_secret: str = ""


class DatabaseFacts(_Facts):
    """The database. URLs are SQLAlchemy's, with passwords; `url` is what the application uses.

    `engine` says how it is backed up: `rds` by snapshots of the instance, `postgres` by pg_dump
    over `admin_url` (the same as `url` where no other is configured).
    """

    kind: Literal["rds", "external"]
    engine: Literal["rds", "postgres"]
    url: str
    admin_url: str
    replica_url: str = ""
    region: str = ""
    current: str = ""
    generations: tuple[GenerationFacts, ...] = ()

    @property
    def administrator(self) -> Address:
        """The administrator's role on the application's database. Raises UsageError.

        `admin_url` itself may lead to another database of the server.
        """
        name = Address.parse(self.url).database
        return Address.parse(self.admin_url or self.url).with_database(name)


class BackupFacts(_Facts):
    """How the database is backed up, and how old a restore point or its proof may be.

    For engine `postgres`: `store` is a folder or s3://bucket/prefix, `archive` the same with the
    archived WAL. For engine `rds`: `vault` is AWS Backup's.
    """

    schedule: Literal["daily", "hourly"]
    point_in_time: bool
    retention_days: int
    max_age_minutes: int
    verified_within_days: int
    store: str = ""
    archive: str = ""
    vault: str = ""


class MigrationFacts(_Facts):
    """The migration Job: the service whose image migrates, and the command in it."""

    enabled: bool
    service: str
    command: tuple[str, ...]
    timeout_seconds: int


class Operations(_Facts):
    """The whole of it. `versions` and `images` (of the migrating service) by color."""

    environment: Literal["local", "staging", "production"]
    namespace: str
    kube_context: Annotated[str | None, Field(default=None)]
    active_color: Color
    weights: dict[Color, int]
    versions: dict[Color, str]
    images: dict[Color, str]
    public_url: str
    preview_urls: dict[Color, str]
    redis_url: str
    database: DatabaseFacts
    backups: BackupFacts
    migrations: MigrationFacts
    router: Literal["gateway-api", "ingress-nginx"] = "gateway-api"
    monitoring: MonitoringFacts | None = None
    notifications: NotificationFacts = NotificationFacts()
    release: ReleaseFacts = ReleaseFacts()
    dependencies: tuple[str, ...] = AI_PROVIDERS

    def reached_by(self, prometheus: str | None, alertmanager: str | None) -> Operations:
        """The same with the monitoring by other addresses; None: as deployed."""
        if self.monitoring is None:
            return self
        found = self.monitoring.reached_by(prometheus, alertmanager)
        return self.model_copy(update={"monitoring": found})

    def watched(self) -> MonitoringFacts:
        """How it is watched. Raises CouldNotFindOut where an older program deployed it."""
        if self.monitoring is None:
            raise CouldNotFindOut(
                f"the output `{OUTPUT}` says nothing of monitoring: it was written by an older "
                "version of this program. Run `pulumi up` with this one"
            )
        return self.monitoring

    def cluster(self) -> Cluster:
        """The cluster and namespace it was deployed to. Raises NoAccess."""
        from ops.cluster import Cluster  # noqa: PLC0415 that import takes a while

        return Cluster.connect(self.namespace, context=self.kube_context)


def read(stack: Stack) -> Operations:
    """Read the facts of a stack that was deployed. Raises CouldNotFindOut."""
    return parse(stack.outputs(), stack.name)


def parse(outputs: dict[str, Any], stack: str) -> Operations:
    """The facts in a stack's outputs. Raises CouldNotFindOut if they are missing or unreadable."""
    if OUTPUT not in outputs:
        raise CouldNotFindOut(
            f"stack {stack} has no output `{OUTPUT}`: it was not deployed with this program yet. "
            "Run `pulumi up` first"
        )
    try:
        return Operations.model_validate(outputs[OUTPUT])
    except ValidationError as error:
        raise CouldNotFindOut(
            f"the output `{OUTPUT}` of stack {stack} can't be understood ({invalid.told(error)}): "
            "it was written by another version of this program. Run `pulumi up` with this one"
        ) from error
