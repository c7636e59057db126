"""A color's version and replicas in the stack's configuration: read, and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ops.release.entry import ColorConfig, Replicas
from ops.shift.config import serial, version_of

if TYPE_CHECKING:
    from ops.color import Color
    from ops.release.tools import Configured


def of_color(config: Mapping[str, Any], color: Color) -> ColorConfig:
    """How a color is configured, as `Stack.config` gives it."""
    given = (config.get(f"legal-ai:{color}") or {}).get("replicas")
    replicas: Replicas = None
    if isinstance(given, Mapping):
        replicas = {service: int(number) for service, number in given.items()}
    elif given is not None:
        replicas = int(given)
    return ColorConfig(version=version_of(config, color), replicas=replicas)


def write(stack: Configured, color: Color, wanted: ColorConfig) -> bool:
    """Configure a color so, with a higher serial; whether anything was to be written.

    Killed in between, the same call finishes it: until then the color has no replicas, and
    `pulumi up` refuses to begin.
    """
    config = stack.config()
    there = of_color(config, color)
    if there == wanted:
        return False
    if there.replicas is not None and _shape(there.replicas) != _shape(wanted.replicas):
        # A number can't become an object in one write, nor can a service's own number go.
        stack.remove(f"{color}.replicas")
    if there.version and not wanted.version:
        stack.remove(f"{color}.version")
    stack.set({**_values(color, wanted), "serial": str(serial(config) + 1)})
    return True


def _shape(replicas: Replicas) -> object:
    return sorted(replicas) if isinstance(replicas, dict) else type(replicas)


def _values(color: Color, wanted: ColorConfig) -> dict[str, str]:
    found = {f"{color}.version": wanted.version} if wanted.version else {}
    if isinstance(wanted.replicas, dict):
        services = wanted.replicas.items()
        return found | {f"{color}.replicas.{service}": str(number) for service, number in services}
    return found if wanted.replicas is None else found | {f"{color}.replicas": str(wanted.replicas)}
