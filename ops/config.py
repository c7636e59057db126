"""A stack's configuration, as `Stack.config` gives it: who serves, what runs, and its serial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from ops.color import Color
from ops.weights import shares

Config = Mapping[str, Any]
Replicas = int | dict[str, int] | None
"""Of a color, as configured: for every service, by service, or not at all."""


class Configured(Protocol):
    """A stack for those who change what it says and apply it: `ops.stack.Stack`, or a test's."""

    def config(self) -> dict[str, Any]:
        """The stack's configuration by full key."""
        ...

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        """Write keys below `legal-ai:`, all that are not secret in one write."""
        ...

    def up(self, show: Callable[[str], None], *, seconds: float = ...) -> None:
        """`pulumi up`, for at most so long."""
        ...


class Reconfigured(Configured, Protocol):
    """The same for those who take keys away as well."""

    def remove(self, key: str) -> None:
        """Take a key below `legal-ai:` away."""
        ...


class ColorConfig(BaseModel):
    """A color's version and replicas as configured."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: str = ""
    replicas: Replicas = None


@dataclass(frozen=True)
class Undeployed:
    """A color's version that waits for an `up`, and the one that is deployed; empty for none."""

    color: Color
    version: str
    deployed: str


def serial(config: Config) -> int:
    """The configuration's serial."""
    return int(config.get("legal-ai:serial") or 0)


def raised(config: Config) -> dict[str, str]:
    """The serial, one higher: the gate refuses a checkout that is as it was before.

    To be written with the change it belongs to.
    """
    return {"serial": str(serial(config) + 1)}


def configured(config: Config) -> dict[str, str]:
    """Who serves by the configuration, under the keys that a shift writes."""
    return {
        "activeColor": str(config.get("legal-ai:activeColor") or Color.BLUE),
        "canaryWeight": str(config.get("legal-ai:canaryWeight") or 0),
    }


def all_to(color: Color) -> dict[str, str]:
    """What `configured` gives where this color serves everybody."""
    return {"activeColor": str(color), "canaryWeight": "0"}


def weights(config: Config) -> dict[Color, int]:
    """Percent for each color, as configured."""
    wanted = configured(config)
    return shares(Color(wanted["activeColor"]), int(wanted["canaryWeight"]))


def version_of(config: Config, color: Color) -> str:
    """The version that the configuration has for a color; empty where it has none."""
    return str((config.get(f"legal-ai:{color}") or {}).get("version") or "")


def undeployed(config: Config, deployed: Mapping[Color, str]) -> list[Undeployed]:
    """The versions that differ from those that were deployed last, by color."""
    found = (Undeployed(c, version_of(config, c), deployed.get(c, "")) for c in Color)
    return [each for each in found if each.version != each.deployed]


def of_color(config: Config, color: Color) -> ColorConfig:
    """How a color is configured."""
    given = (config.get(f"legal-ai:{color}") or {}).get("replicas")
    replicas: Replicas = None
    if isinstance(given, Mapping):
        replicas = {service: int(number) for service, number in given.items()}
    elif given is not None:
        replicas = int(given)
    return ColorConfig(version=version_of(config, color), replicas=replicas)


def write(stack: Reconfigured, color: Color, wanted: ColorConfig) -> bool:
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
    stack.set({**_values(color, wanted), **raised(config)})
    return True


def _shape(replicas: Replicas) -> object:
    return sorted(replicas) if isinstance(replicas, dict) else type(replicas)


def _values(color: Color, wanted: ColorConfig) -> dict[str, str]:
    found = {f"{color}.version": wanted.version} if wanted.version else {}
    if isinstance(wanted.replicas, dict):
        services = wanted.replicas.items()
        return found | {f"{color}.replicas.{service}": str(number) for service, number in services}
    return found if wanted.replicas is None else found | {f"{color}.replicas": str(wanted.replicas)}
