"""What runs and how the public reaches it: colors, services, hosts, gateway, migrations, gate."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from components.settings.base import Part
from components.settings.values import (
    Cron,
    EnvironmentText,
    EnvName,
    Host,
    Key,
    Label,
    Network,
    Path,
    Port,
    PreviewHost,
    Quantity,
    Repository,
    ResourceName,
    ServiceName,
    Switch,
    Text,
    Version,
    Whole,
)
from ops.color import Color

Router = Literal["gateway-api", "ingress-nginx"]
ServiceKind = Literal["web", "worker", "cron"]
PullPolicy = Literal["IfNotPresent", "Always", "Never"]
Scheme = Literal["http", "https"]
Replicas = Annotated[Whole, Field(ge=0, le=1000)]
Amounts = dict[ResourceName, Quantity]

STANDARD_PORTS = {"http": 80, "https": 443}


def _replicas_form(value: Any) -> str:
    return "(each)" if isinstance(value, dict) else "(all)"


class ColorSettings(Part):
    """One color: the version it runs and how many pods of each service."""

    version: Annotated[
        Version | None,
        Key(
            "image tag or digest that every service of this color runs; unset: not declared",
            "an image tag (letters, digits, '_', '.', '-'; 128 at most) or sha256: and 64 digits",
            "v1.2.0",
        ),
    ] = None
    replicas: Annotated[
        Annotated[Replicas, Tag("(all)")] | Annotated[dict[str, Replicas], Tag("(each)")],
        Discriminator(_replicas_form),
        Key(
            "pods of each service: one number for all, or a number per service (`cron`: a run has "
            "one, and 0 pauses it)",
            "a whole number from 0 to 1000, or such a number for each service by name",
            "3",
        ),
    ] = 0


class ResourcesSettings(Part):
    """What a pod is promised (`requests`) and what it may not exceed (`limits`)."""

    requests: Annotated[
        Amounts,
        Key(
            "what a pod is promised, by resource",
            "amounts such as 250m or 512Mi, under cpu, memory or ephemeral-storage",
            "512Mi",
        ),
    ] = Field(default_factory=dict)
    limits: Annotated[
        Amounts,
        Key(
            "what a pod may not exceed, by resource",
            "amounts such as 250m or 512Mi, under cpu, memory or ephemeral-storage",
            "1Gi",
        ),
    ] = Field(default_factory=dict)


class ServiceSettings(Part):
    """One service of the application; each color runs all of them."""

    image: Annotated[
        Repository,
        ResourceName,
        Key(
            "image without tag; the tag is the color's version",
            "an image name without tag or digest, lower case: [REGISTRY/]NAME[/NAME…]",
            "legal-ai-backend",
        ),
    ]
    kind: Annotated[
        ServiceKind,
        Key(
            "`web` serves in both colors; `worker` and `cron` run in the active color only",
            "web, worker or cron",
            "web",
        ),
    ] = "web"
    port: Annotated[
        Port,
        Key("port it listens on, for requests and probes", "a whole number, 1 to 65535", "8000"),
    ] = 8000
    paths: Annotated[
        tuple[Path, ...],
        Key(
            "path prefixes of the public host that it serves; `web` only",
            "a path that begins with '/', without spaces or query",
            "/api",
        ),
    ] = ()
    schedule: Annotated[
        Cron | None,
        Key(
            "when it runs, in UTC; `cron` only",
            "a cron schedule of five fields (minute hour day month weekday) or @daily",
            "0 3 * * *",
        ),
    ] = None
    run_timeout_seconds: Annotated[
        Whole,
        Field(ge=1, le=86400),
        Key(
            "time a run may take, then it is ended; `cron` only",
            "a whole number of seconds, 1 to 86400",
            "3600",
        ),
    ] = 3600
    health_path: Annotated[
        Path,
        Key("path of the liveness probe", "a path that begins with '/'", "/health"),
    ] = "/health"
    ready_path: Annotated[
        Path,
        Key("path of the readiness probe", "a path that begins with '/'", "/api/health"),
    ] = "/health"
    resources: Annotated[
        ResourcesSettings,
        Key("processor and memory of a pod", "an object with requests and limits", "512Mi"),
    ] = ResourcesSettings()
    env: Annotated[
        dict[EnvName, EnvironmentText],
        Key(
            "environment of the pods, beyond what the program sets",
            "text, under a name of capitals, digits and '_'",
            "info",
        ),
    ] = Field(default_factory=dict)
    secrets: Annotated[
        Switch,
        Key(
            "whether its pods get the secret environment: database, Redis and `secrets`",
            "true or false",
            "true",
        ),
    ] = True
    command: Annotated[
        tuple[Text, ...] | None,
        Key("what the container runs; unset: what the image says", "a list of words", "serve"),
    ] = None
    pull_policy: Annotated[
        PullPolicy,
        Key("when the node fetches the image", "IfNotPresent, Always or Never", "IfNotPresent"),
    ] = "IfNotPresent"
    rollout_timeout_seconds: Annotated[
        Whole,
        Field(ge=10, le=7200),
        Key(
            "time all pods of a version have to get ready, then the deployment has failed",
            "a whole number of seconds, 10 to 7200",
            "300",
        ),
    ] = 300
    termination_grace_seconds: Annotated[
        Whole,
        Field(ge=1, le=3600),
        Key(
            "time a pod has to end, preStop included; at least the longest request",
            "a whole number of seconds, 1 to 3600, above preStopSeconds",
            "60",
        ),
    ] = 60
    pre_stop_seconds: Annotated[
        Whole,
        Field(ge=0, le=600),
        Key(
            "time a pod goes on serving after it was told to end, until routes have moved",
            "a whole number of seconds, 0 to 600, below terminationGraceSeconds",
            "5",
        ),
    ] = 5


class HostsSettings(Part):
    """The names under which the application is reached."""

    public: Annotated[
        Host,
        Key(
            "host of the public",
            "a host name in lower case (RFC 1123), no address, no port, no scheme",
            "legal-ai-system.com",
        ),
    ]
    preview: Annotated[
        PreviewHost,
        Key(
            "host of each color on its own, for smoke tests",
            "a host name (RFC 1123) with {color} in it, other than the public one",
            "{color}.internal.legal-ai-system.com",
        ),
    ]
    scheme: Annotated[Scheme, Key("how the hosts are reached", "http or https", "https")] = "https"
    port: Annotated[
        Port | None,
        Key("port, where it is not the scheme's own", "a whole number, 1 to 65535", "8080"),
    ] = None

    def preview_for(self, color: Color) -> str:
        """The preview host of one color."""
        return self.preview.replace("{color}", color)

    def url(self, host: str) -> str:
        """Address of a host: scheme, and the port unless it is the scheme's own."""
        own = self.port in (None, STANDARD_PORTS[self.scheme])
        return f"{self.scheme}://{host}" if own else f"{self.scheme}://{host}:{self.port}"


class GatewaySettings(Part):
    """The Gateway (or ingress controller) that public traffic comes through."""

    name: Annotated[
        Label, Key("the Gateway that routes attach to", "a name (RFC 1123)", "public")
    ] = "public"
    namespace: Annotated[
        Label,
        Key("namespace of the Gateway and its proxies", "a name (RFC 1123)", "gateway-system"),
    ] = "gateway-system"
    cidrs: Annotated[
        tuple[Network, ...],
        Key(
            "addresses the gateway's traffic comes from, where it does not run as pods of its "
            "namespace; NetworkPolicies admit them",
            "a network in CIDR form with no host bits set",
            "10.0.1.0/24",
        ),
    ] = ()


class MigrationsSettings(Part):
    """The Job that brings the database's schema up before a color starts."""

    service: Annotated[
        ServiceName, Key("service whose image has the migrations", "a service's name", "backend")
    ] = "backend"
    command: Annotated[
        tuple[Text, ...],
        Field(min_length=1),
        Key(
            "what the Job runs, and what scripts/migrate.py adds its commands to; without one it "
            "must never contract",
            "a list of at least one word",
            "alembic",
        ),
    ] = ("python3", "-m", "legal_ai.migrate")
    timeout_seconds: Annotated[
        Whole,
        Field(ge=1, le=86400),
        Key("longest time it may take", "a whole number of seconds, 1 to 86400", "600"),
    ] = 600
    enabled: Annotated[
        Switch, Key("whether the Job is declared at all", "true or false", "true")
    ] = True


class GateSettings(Part):
    """What is asked before a color gets traffic, beyond readiness, hold and schema."""

    smoke: Annotated[
        Switch,
        Key("smoke tests, before a version's first traffic", "true or false", "true"),
    ] = True
    smoke_paths: Annotated[
        tuple[Path, ...],
        Key(
            "paths that have to answer 200, besides every service's healthPath",
            "a path that begins with '/', without spaces or query",
            "/api/health",
        ),
    ] = ("/api/health", "/api/health/database", "/api/health/redis")
    share: Annotated[
        Switch,
        Key(
            "whether the public host is asked, after the switch, who answers",
            "true or false",
            "true",
        ),
    ] = True
    timeout_seconds: Annotated[
        Whole,
        Field(ge=5, le=3600),
        Key("longest time the gate may take", "a whole number of seconds, 5 to 3600", "120"),
    ] = 120
    metrics: Annotated[
        Switch, Key("whether the color's metrics are asked", "true or false", "true")
    ] = True
    admission_policy: Annotated[
        Switch,
        Key(
            "whether the API server itself refuses a held color more traffic; declaring that needs "
            "rights on the cluster",
            "true or false",
            "true",
        ),
    ] = True
