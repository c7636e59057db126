"""Where the application keeps its data: database, its backups, Redis."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag

from components.settings.base import Part
from components.settings.values import (
    DatabaseUrl,
    InnerNetwork,
    Key,
    RedisUrl,
    Region,
    Secret,
    Switch,
    Text,
    Whole,
)

Schedule = Literal["daily", "hourly"]

_INSTANCE_CLASS = re.compile(r"db\.[a-z0-9-]+\.[a-z0-9]+")
_ENGINE_VERSION = re.compile(r"[0-9]{2}(\.[0-9]+)?")
_GENERATION = re.compile(r"[a-z][a-z0-9]{0,15}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SNAPSHOT = re.compile(r"[A-Za-z][A-Za-z0-9:/-]{0,254}")
_VPC = re.compile(r"vpc-[0-9a-f]{8,17}")
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
_PLACE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|(?!s3:)[^\s:]+")


def _matching(pattern: re.Pattern[str]) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError("it has another form")
        return value

    return AfterValidator(check)


def _login(value: SecretStr) -> SecretStr:
    user, _, password = value.get_secret_value().partition(":")
    if not user or not password:
        raise ValueError("it is not USER:PASSWORD")
    return value


Generation = Annotated[Text, _matching(_GENERATION)]


class RestoreSource(Part):
    """What a generation of the database was restored from: a snapshot, or another one at a time."""

    snapshot: Annotated[
        Annotated[Text, _matching(_SNAPSHOT)] | None,
        Key("snapshot it was restored from", "a snapshot's name or ARN", "before-v1-2-0"),
    ] = None
    generation: Annotated[
        Generation | None,
        Key("generation whose history it was restored from", "a generation's name", "g1"),
    ] = None
    time: Annotated[
        Annotated[Text, _matching(_TIME)] | None,
        Key(
            "moment it was restored to; with `generation`",
            "a time in UTC, as 2025-10-14T01:00:00Z",
            "2025-10-14T01:00:00Z",
        ),
    ] = None


class GenerationSettings(Part):
    """One database instance. A restore adds one; the old one stays declared."""

    name: Annotated[
        Generation,
        Key(
            "its name, part of the instance's",
            "a letter, then letters and digits, lower case, 16 at most",
            "g2",
        ),
    ]
    source: Annotated[
        RestoreSource | None,
        Key(
            "what it was restored from; unset: made empty",
            "an object with snapshot, or with generation and time",
            "before-v1-2-0",
        ),
    ] = None


_AdminUrl = Annotated[
    DatabaseUrl | None,
    Key(
        "address with a role that may make databases and end sessions; unset: url's",
        "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE, encrypted",
        "",
        secret=True,
    ),
]
_MaxConnections = Annotated[
    Whole | None,
    Field(ge=10, le=10_000),
    Key(
        "most connections that the server takes; an instance is set to it; unset: what AWS gives "
        "its class, and behind a url it is not checked",
        "a whole number, 10 to 10000",
        "500",
    ),
]


class RdsSettings(Part):
    """PostgreSQL on Amazon RDS, made by this program."""

    kind: Annotated[
        Literal["rds"],
        Key("`rds`: made here; `external`: reached by its URL", "rds or external", "rds"),
    ] = "rds"
    instance_class: Annotated[
        Annotated[Text, _matching(_INSTANCE_CLASS)],
        Key("size of the instance", "an RDS instance class: db.FAMILY.SIZE", "db.t4g.medium"),
    ] = "db.t4g.medium"
    allocated_storage: Annotated[
        Whole,
        Field(ge=20, le=65536),
        Key("storage at the start, GiB", "a whole number of GiB, 20 to 65536", "50"),
    ] = 50
    max_allocated_storage: Annotated[
        Whole,
        Field(ge=20, le=65536),
        Key(
            "storage it may grow to by itself, GiB",
            "a whole number of GiB up to 65536, at least 10 % above allocatedStorage",
            "200",
        ),
    ] = 200
    engine_version: Annotated[
        Annotated[Text, _matching(_ENGINE_VERSION)],
        Key("version of PostgreSQL", "a major version, or major.minor, as text", "15"),
    ] = "15"
    multi_az: Annotated[
        Switch, Key("a second instance that takes over by itself", "true or false", "true")
    ] = False
    replica: Annotated[Switch, Key("a read replica", "true or false", "true")] = False
    deletion_protection: Annotated[
        Switch, Key("whether AWS refuses to delete it", "true or false", "true")
    ] = True
    vpc_id: Annotated[
        Annotated[Text, _matching(_VPC)] | None,
        Key(
            "network that it stands in; required in staging and production",
            "a VPC's ID",
            "vpc-0a1b2c3d4e5f60718",
        ),
    ] = None
    subnet_ids: Annotated[
        tuple[Annotated[Text, _matching(_SUBNET)], ...],
        Key(
            "subnets it may stand in, in two zones or more; required in staging and production",
            "a list of at least two subnets' IDs, of two availability zones",
            "subnet-0a1b2c3d4e5f60718",
        ),
    ] = ()
    cluster_security_group_ids: Annotated[
        tuple[Annotated[Text, _matching(_SECURITY_GROUP)], ...],
        Key(
            "security groups of the cluster's nodes or pods, which are admitted; these or "
            "clusterCidrs are required in staging and production",
            "a list of security groups' IDs",
            "sg-0a1b2c3d4e5f60718",
        ),
    ] = ()
    cluster_cidrs: Annotated[
        tuple[InnerNetwork, ...],
        Key(
            "addresses of the cluster's pods or nodes, which are admitted",
            "a list of inner IPv4 networks in CIDR form, with no host bits set",
            "10.0.0.0/16",
        ),
    ] = ()
    generations: Annotated[
        tuple[GenerationSettings, ...],
        Field(min_length=1),
        Key("the instances that are declared", "a list of objects with name and source", "g1"),
    ] = (GenerationSettings(name="g1"),)
    current: Annotated[
        Generation,
        Key("generation that the application uses", "the name of one of the generations", "g1"),
    ] = "g1"
    url: Annotated[
        DatabaseUrl | None,
        Key(
            "address used instead of the instance's own; required where kind is external",
            "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE, encrypted",
            "",
            secret=True,
        ),
    ] = None
    login: Annotated[
        Annotated[Secret, AfterValidator(_login)] | None,
        Key(
            "role that the application logs in as, at the instance's own address; "
            "rotate_db_password.py writes it; unset: the administrator",
            "USER:PASSWORD, encrypted",
            "",
            secret=True,
        ),
    ] = None
    admin_password: Annotated[
        Whole,
        Field(ge=1, le=10_000),
        Key(
            "number of the administrator's password: a higher one draws it anew",
            "a whole number, 1 to 10000",
            "2",
        ),
    ] = 1
    admin_url: _AdminUrl = None
    max_connections: _MaxConnections = None


class ExternalDatabaseSettings(Part):
    """A PostgreSQL that somebody else looks after."""

    kind: Annotated[
        Literal["external"],
        Key("`rds`: made here; `external`: reached by its URL", "rds or external", "external"),
    ] = "external"
    url: Annotated[
        DatabaseUrl,
        Key(
            "its address: the writer's, not a pooler's",
            "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE, encrypted",
            "",
            secret=True,
        ),
    ]
    admin_url: _AdminUrl = None
    max_connections: _MaxConnections = None


def _database_kind(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "(external)" if kind == "external" else "(rds)"


DatabaseSettings = Annotated[
    Annotated[RdsSettings, Tag("(rds)")] | Annotated[ExternalDatabaseSettings, Tag("(external)")],
    Discriminator(_database_kind),
]


class RedisSettings(Part):
    """The Redis that both colors share."""

    url: Annotated[
        RedisUrl,
        Key(
            "its address",
            "redis://[USER:PASSWORD@]HOST:PORT/NUMBER or rediss://…, encrypted",
            "",
            secret=True,
        ),
    ]


class BackupsSettings(Part):
    """Backups of the database."""

    schedule: Annotated[
        Schedule, Key("how often a snapshot is taken", "daily or hourly", "hourly")
    ] = "daily"
    retention_days: Annotated[
        Whole,
        Field(ge=1, le=3650),
        Key(
            "how long daily snapshots, and the history for pointInTime, are kept",
            "a whole number of days, 1 to 3650; with pointInTime 35 at most",
            "35",
        ),
    ] = 14
    point_in_time: Annotated[
        Switch, Key("whether any moment can be restored", "true or false", "true")
    ] = False
    copy_to_region: Annotated[
        Region | None,
        Key(
            "second region that gets a copy of each snapshot",
            "an AWS region other than the stack's own",
            "us-west-2",
        ),
    ] = None
    max_age_minutes: Annotated[
        Whole,
        Field(ge=1, le=100_000),
        Key(
            "age of the newest restore point from which on it is too old",
            "a whole number of minutes, 1 to 100000",
            "60",
        ),
    ] = 1560
    verified_within_days: Annotated[
        Whole,
        Field(ge=1, le=365),
        Key(
            "age of the last restore that was proven, from which on it is too old",
            "a whole number of days, 1 to 365",
            "7",
        ),
    ] = 7
    store: Annotated[
        Annotated[Text, _matching(_PLACE)] | None,
        Key(
            "where pg_dump's backups are kept, of a database that is reached by its url",
            "a folder, or s3://BUCKET/PREFIX",
            "s3://legal-ai-backups/production",
        ),
    ] = None
    archive: Annotated[
        Annotated[Text, _matching(_PLACE)] | None,
        Key(
            "where such a database archives its WAL; with it any moment can be restored",
            "a folder, or s3://BUCKET/PREFIX",
            "s3://legal-ai-backups/production-wal",
        ),
    ] = None
