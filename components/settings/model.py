"""The whole configuration of a stack, as the components read it."""

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from components.settings.agent import AgentSettings
from components.settings.application import (
    ColorSettings,
    GateSettings,
    GatewaySettings,
    HostsSettings,
    MigrationsSettings,
    Router,
    ServiceSettings,
)
from components.settings.base import Part
from components.settings.data import BackupsSettings, DatabaseSettings, RedisSettings
from components.settings.incidents import IncidentsSettings
from components.settings.notifying import NotificationsSettings
from components.settings.release import ReleaseSettings
from components.settings.values import EnvName, Key, Namespace, Secret, ServiceName, Whole
from components.settings.watching import AlertsSettings
from ops.color import Color
from ops.image import with_version
from ops.weights import shares

POSTGRESQL_PORT: Final = 5432
REDIS_PORT: Final = 6379
SPARE_PODS: Final = 20
"""Jobs with their retries, and pods that are on their way out."""

Environment = Literal["local", "staging", "production"]


class Settings(Part):
    """Everything `Pulumi.<stack>.yaml` says, with defaults filled in and every rule checked.

    Made by `load`; a `Settings` made otherwise has only its types checked.
    """

    environment: Annotated[
        Environment,
        Key("which rules and defaults apply", "local, staging or production", "staging"),
    ]
    active_color: Annotated[
        Color, Key("the color that serves the public", "blue or green", "blue")
    ] = Color.BLUE
    canary_weight: Annotated[
        Whole,
        Field(ge=0, le=100),
        Key(
            "percentage of public traffic that the other color gets",
            "a whole number from 0 to 100, the percentage that the other color gets",
            "10",
        ),
    ] = 0
    serial: Annotated[
        Whole,
        Field(ge=0),
        Key(
            "raised by every script that changes traffic; lower than what is live is refused",
            "a whole number, 0 or more",
            "0",
        ),
    ] = 0
    namespace: Annotated[
        Namespace,
        Key(
            "Kubernetes namespace",
            "a name in lower case (RFC 1123), 63 characters at most, none of Kubernetes' own",
            "legal-ai",
        ),
    ] = "legal-ai"
    blue: Annotated[
        ColorSettings, Key("the blue color", "an object with version and replicas", "v1.2.0")
    ] = ColorSettings()
    green: Annotated[
        ColorSettings, Key("the green color", "an object with version and replicas", "v1.2.0")
    ] = ColorSettings()
    services: Annotated[
        dict[ServiceName, ServiceSettings],
        Key("the services, by name", "an object with an object for each service", "backend"),
    ]
    hosts: Annotated[
        HostsSettings, Key("host names", "an object with public and preview", "legal-ai-system.com")
    ]
    router: Annotated[
        Router,
        Key("how public traffic is split", "gateway-api or ingress-nginx", "gateway-api"),
    ] = "gateway-api"
    gateway: Annotated[
        GatewaySettings, Key("the gateway", "an object with name and namespace", "public")
    ] = GatewaySettings()
    migrations: Annotated[MigrationsSettings, Key("the migration Job", "an object", "backend")] = (
        MigrationsSettings()
    )
    database: Annotated[DatabaseSettings, Key("PostgreSQL", "an object with kind", "rds")]
    redis: Annotated[RedisSettings, Key("Redis", "an object with url", "")]
    secrets: Annotated[
        dict[EnvName, Secret],
        Key(
            "secret environment of the pods, by variable; JWT_SECRET and SMOKE_PASSWORD are "
            "required",
            "text, encrypted, under a name of capitals, digits and '_'",
            "",
            secret=True,
        ),
    ]
    backups: Annotated[
        BackupsSettings, Key("backups of the database", "an object with schedule", "daily")
    ] = BackupsSettings()
    alerts: Annotated[AlertsSettings, Key("thresholds", "an object", "1")] = AlertsSettings()
    agent: Annotated[
        AgentSettings, Key("the rollback agent", "an object with image and token", "2")
    ] = AgentSettings()
    gate: Annotated[
        GateSettings, Key("what is asked before a color gets traffic", "an object", "true")
    ] = GateSettings()
    notifications: Annotated[NotificationsSettings, Key("who is told", "an object", "@on-call")] = (
        NotificationsSettings()
    )

    release: Annotated[
        ReleaseSettings,
        Key("what releases are checked by", "an object", "legal-ai-system/legal-ai"),
    ] = ReleaseSettings()

    incidents: Annotated[
        IncidentsSettings, Key("what is looked at in an incident", "an object", "dependencies")
    ] = IncidentsSettings()

    kube_context: str | None = None
    """The cluster's name in kubeconfig: `kubernetes:context`, a key of the provider's."""
    aws_region: str | None = None
    """`aws:region`, a key of the provider's."""

    def color(self, color: Color) -> ColorSettings:
        """What the configuration says of one color."""
        return self.blue if color is Color.BLUE else self.green

    def declared_colors(self) -> tuple[Color, ...]:
        """The colors that have a version; the others are not declared at all."""
        return tuple(color for color in Color if self.color(color).version is not None)

    def version(self, color: Color) -> str:
        """The image tag or digest that a color runs.

        Raises ValueError for a color that has none: ask `declared_colors` first.
        """
        version = self.color(color).version
        if version is None:
            raise ValueError(f"{color} has no version, so it is not declared")
        return version

    def weights(self) -> dict[Color, int]:
        """Percent of public traffic for each color; the sum is 100."""
        return shares(self.active_color, self.canary_weight)

    def replicas(self, color: Color, service: str) -> int:
        """How many pods of a service a color runs; none where the color has no version."""
        settings = self.color(color)
        if settings.version is None:
            return 0
        if isinstance(settings.replicas, int):
            return settings.replicas
        # A cron job needs no number: one pod a run. Only it may be left out.
        return settings.replicas.get(service, 1)

    def image(self, color: Color, service: str) -> str:
        """What to run: `image:tag`, or `image@sha256:…` where the version is a digest.

        Raises ValueError for a color that has no version.
        """
        return with_version(self.services[service].image, self.version(color))

    def app_secrets(self) -> dict[str, str]:
        """The secret environment of the pods, in clear: mark it secret before it goes anywhere.

        `DATABASE_URL` is there where the configuration has one; an RDS instance brings its own.
        """
        values = {name: value.get_secret_value() for name, value in self.secrets.items()}
        values["REDIS_URL"] = self.redis.url.get_secret_value()
        if self.database.url is not None:
            values["DATABASE_URL"] = self.database.url.get_secret_value()
        return dict(sorted(values.items()))

    def store_ports(self) -> tuple[int, ...]:
        """TCP ports of the database and Redis, for NetworkPolicies."""
        urls = [(self.database.url, POSTGRESQL_PORT), (self.redis.url, REDIS_PORT)]
        ports = [
            (urlsplit(url.get_secret_value()).port if url else None) or usual for url, usual in urls
        ]
        return tuple(dict.fromkeys(ports))

    def pod_limit(self) -> int:
        """The most pods that may exist: both colors and the agent in a rollout, and Jobs.

        Both at the larger one's size, since a rollback scales the smaller one up.
        """
        largest = sum(
            max(1, *(self.replicas(color, service) for color in Color)) for service in self.services
        )
        agents = 2 * self.agent.replicas if self.agent.enabled else 0
        return 2 * len(Color) * largest + agents + SPARE_PODS

    def web_services(self) -> dict[str, ServiceSettings]:
        """The services that the public reaches, by name."""
        return {name: each for name, each in self.services.items() if each.kind == "web"}

    def background_services(self) -> dict[str, ServiceSettings]:
        """The workers and cron jobs, which run in the active color only, by name."""
        return {name: each for name, each in self.services.items() if each.kind != "web"}

    def traffic_sentence(self) -> str:
        """Who serves the public, in a sentence, so that a forgotten canary weight is seen."""
        active, other, weight = self.active_color, self.active_color.other, self.canary_weight
        if weight == 0:
            return f"{active} serves the public; {other} gets nothing (canaryWeight 0)"
        if weight == 100:
            return f"{other} serves the public although {active} is active (canaryWeight 100)"
        return f"{active} serves the public; {other} keeps {weight} % (canaryWeight {weight})"
