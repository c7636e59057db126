"""Rules of who gets traffic and under which name: environment, colors, weights, hosts."""

from collections.abc import Iterator
from typing import Final, get_args

from components.settings.explain import closest
from components.settings.model import Environment
from components.settings.problem import (
    Problem,
    remove_command,
    set_command,
    shown,
    typed,
)
from components.settings.sound import Sound
from ops.color import Color

_EXAMPLE_VERSION: Final = "v1.2.0"
_EXAMPLE_REPLICAS: Final = "3"
_REPLICAS: Final = "a whole number from 0 to 1000, for all services or for each by name"


def stack_is_its_environment(sound: Sound) -> Iterator[Problem]:
    """A stack called `production` has production's rules, whatever its config says."""
    has_its_name = sound.stack in get_args(Environment)
    if has_its_name and sound.environment not in (None, sound.stack):
        yield Problem(
            typed("environment"),
            f"is {shown(sound.environment)}, and the stack's name is {sound.stack}",
            f"{sound.stack}, which is the default here",
            remove_command("environment"),
        )


def replicas_fit_services(sound: Sound) -> Iterator[Problem]:
    """A color with a version says how many pods, for services that exist and for all of them."""
    for color in Color:
        settings = sound.color(color)
        if settings is None:
            continue
        path = f"{color}.replicas"
        if settings.version is not None and "replicas" not in settings.model_fields_set:
            yield Problem(
                typed(path),
                f"is missing, and {typed(f'{color}.version')} is {shown(settings.version)}",
                _REPLICAS,
                set_command(path, _EXAMPLE_REPLICAS),
            )
        if isinstance(settings.replicas, dict):
            yield from _replicas_by_name(sound, path, settings.replicas)


def _replicas_by_name(sound: Sound, path: str, replicas: dict[str, int]) -> Iterator[Problem]:
    services = sound.service_names
    for service in replicas:
        if service not in services:
            nearest = closest(service, services)
            hint = f"; did you mean {nearest}?" if nearest else ""
            yield Problem(
                typed(f"{path}.{service}"),
                f"is for a service that there is not{hint}",
                ", ".join(services),
                remove_command(f"{path}.{service}"),
            )
    cron = {name for name, service in sound.services.items() if service.kind == "cron"}
    for service in services:
        if service not in replicas and service not in cron:
            yield Problem(
                typed(f"{path}.{service}"),
                "is missing, and other services have theirs",
                _REPLICAS,
                set_command(f"{path}.{service}", _EXAMPLE_REPLICAS),
            )


def active_color_can_serve(sound: Sound) -> Iterator[Problem]:
    """The color that serves the public is deployed, with pods of every web service."""
    if sound.active is None:
        return
    lack = _lack(sound, sound.active)
    if lack is None:
        return
    finding, fix = lack
    other = sound.active.other
    if sound.color(other) is not None and _lack(sound, other) is None:
        fix = f"{fix}, or let {other} serve: {set_command('activeColor', other)}"
    yield Problem(
        typed("activeColor"),
        f"is {shown(sound.active)}, and {finding}",
        "a color with a version and at least 1 replica of every web service",
        fix,
    )


def canary_color_can_serve(sound: Sound) -> Iterator[Problem]:
    """With a canary weight, the other color is deployed too."""
    if sound.active is None or not sound.canary_weight:
        return
    lack = _lack(sound, sound.active.other)
    if lack is None:
        return
    finding, fix = lack
    yield Problem(
        typed("canaryWeight"),
        f"is {sound.canary_weight} for {sound.active.other}, and {finding}",
        "0 while nothing is in standby; 1 to 100 when the other color has a version and at least "
        "1 replica of every web service",
        f"{set_command('canaryWeight', '0')}, or deploy it: {fix}",
    )


def _lack(sound: Sound, color: Color) -> tuple[str, str] | None:
    """What keeps a color from serving, and the command that mends it; None if nothing does."""
    settings = sound.color(color)
    if settings is None:
        return None
    if settings.version is None:
        path = f"{color}.version"
        return f"{typed(path)} is not set", set_command(path, _EXAMPLE_VERSION)
    if "replicas" not in settings.model_fields_set:
        return None  # replicas_fit_services says so
    path, replicas = f"{color}.replicas", settings.replicas
    if isinstance(replicas, int):
        return None if replicas else (f"{typed(path)} is 0", set_command(path, _EXAMPLE_REPLICAS))
    for name, service in sound.services.items():
        if service.kind == "web" and replicas.get(name) == 0:
            path = f"{path}.{name}"
            return f"{typed(path)} is 0", set_command(path, _EXAMPLE_REPLICAS)
    return None


def preview_is_not_public(sound: Sound) -> Iterator[Problem]:
    """A preview host is another than the public one, or smoke tests would test the wrong color."""
    if sound.hosts is None:
        return
    for color in Color:
        if sound.hosts.preview_for(color) == sound.hosts.public:
            yield Problem(
                typed("hosts.preview"),
                f"is {shown(sound.hosts.preview)}, for {color} the same as {typed('hosts.public')}",
                "a host name with {color} in it, other than the public one",
                set_command("hosts.preview", f"{{color}}.internal.{sound.hosts.public}"),
            )


def production_is_encrypted_in_transit(sound: Sound) -> Iterator[Problem]:
    """Clients' documents don't travel in clear."""
    if sound.environment == "production" and sound.hosts and sound.hosts.scheme != "https":
        yield Problem(
            typed("hosts.scheme"),
            f"is {shown(sound.hosts.scheme)} in production",
            "https",
            set_command("hosts.scheme", "https"),
        )


RULES: Final = (
    stack_is_its_environment,
    replicas_fit_services,
    active_color_can_serve,
    canary_color_can_serve,
    preview_is_not_public,
    production_is_encrypted_in_transit,
)
