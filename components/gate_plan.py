"""Settings, put as the library wants them: the site, the split, and what the gate must know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from components.settings import Settings
from ops import routing
from ops.gate import Plan, Wanted

if TYPE_CHECKING:
    from ops.cluster import Cluster

FIELD_MANAGER: Final = "legal-ai-gate"


def connect(settings: Settings) -> Callable[[], Cluster]:
    """How to reach the cluster that the Kubernetes provider is configured for."""

    def cluster() -> Cluster:
        from ops.cluster import Cluster  # noqa: PLC0415 beside the program, see GateHooks

        return Cluster.connect(
            settings.namespace, context=settings.kube_context, field_manager=FIELD_MANAGER
        )

    return cluster


def site(settings: Settings) -> routing.Site:
    """Hosts, paths and gateway of the stack."""
    return routing.Site(
        namespace=settings.namespace,
        public_host=settings.hosts.public,
        preview_hosts={
            color: settings.hosts.preview_for(color) for color in settings.declared_colors()
        },
        endpoints=_endpoints(settings),
        gateway_name=settings.gateway.name,
        gateway_namespace=settings.gateway.namespace,
        secure=settings.hosts.scheme == "https",
    )


def split(settings: Settings) -> routing.Split:
    """Who serves the public, by configuration."""
    return routing.Split(
        active=settings.active_color,
        canary_weight=settings.canary_weight,
        serial=settings.serial,
        versions={color: settings.version(color) for color in settings.declared_colors()},
    )


def plan(settings: Settings) -> Plan:
    """What the gate checks in this stack."""
    colors = settings.declared_colors()
    services = settings.web_services()
    probes = tuple(
        routing.public_path(_endpoints(settings), name, service.health_path)
        for name, service in services.items()
    )
    return Plan(
        site=site(settings),
        router=settings.router,
        split=split(settings),
        wanted={
            color: tuple(Wanted(name, settings.image(color, name)) for name in services)
            for color in colors
        },
        public_url=settings.hosts.url(settings.hosts.public),
        preview_urls={
            color: settings.hosts.url(settings.hosts.preview_for(color)) for color in colors
        },
        smoke_paths=tuple(dict.fromkeys((*probes, *settings.gate.smoke_paths))),
        share_paths=tuple(dict.fromkeys(probes)),
        smoke=settings.gate.smoke,
        share=settings.gate.share,
        timeout_seconds=settings.gate.timeout_seconds,
        migrating=(
            {color: settings.image(color, settings.migrations.service) for color in colors}
            if settings.migrations.enabled
            else {}
        ),
    )


def _endpoints(settings: Settings) -> tuple[routing.Endpoint, ...]:
    return tuple(
        routing.Endpoint(name, service.port, service.paths)
        for name, service in settings.web_services().items()
    )
