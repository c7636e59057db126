"""New keys of providers, while both colors serve: tried, written, rolled out. docs/rotation.md.

The old ones stay good at the provider until somebody revokes them there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import failpoint
from ops.errors import CouldNotFindOut, UsageError
from ops.journal import Kept
from ops.rotation.entry import DONE, Entry, fingerprint
from ops.rotation.providers import PROVIDERS
from ops.rotation.tools import configured

if TYPE_CHECKING:
    from ops.rotation.providers import Provider
    from ops.rotation.tools import Tools

OTHERS: Final = frozenset(
    {"JWT_SECRET", "JWT_SECRET_NEXT", "JWT_SECRET_PREVIOUS", "SMOKE_PASSWORD"}
)
"""Secrets that are no provider's: they have other ways."""
LEAST: Final = 16
"""Letters. What is shorter was cut off in copying, and could be guessed from its fingerprint."""
CONFIGURED: Final = "configured"


class KeysRotation(Entry):
    """`fresh` are the new keys' fingerprints by variable, `untried` those that were not tried."""

    fresh: dict[str, str]
    untried: tuple[str, ...] = ()


KEPT: Final = Kept("rotation-api-keys", KeysRotation, "scripts/rotate_api_keys.py --status")


@dataclass(frozen=True)
class World:
    """Who is asked whether a key is good, and what every rotation works with."""

    tools: Tools[KeysRotation]
    providers: Mapping[str, Provider]


def world(tools: Tools[KeysRotation]) -> World:
    """With the providers that are known."""
    return World(tools, PROVIDERS)


def known(config: Mapping[str, Any]) -> list[str]:
    """The variables whose keys can be rotated."""
    secrets = config.get("legal-ai:secrets")
    return sorted(set(secrets) - OTHERS) if isinstance(secrets, Mapping) else []


def run(world: World, keys: Mapping[str, str], *, untried: bool = False) -> KeysRotation:
    """Put these keys in, or, without any, go on with those that were written. Returns it, closed.

    Raises UsageError before anything is changed; Refused for a key that its provider does not take.
    """
    tools = world.tools
    entry = tools.journal.read()
    require(known(tools.stack.config()), keys)
    prints = {name: fingerprint(key) for name, key in keys.items()}
    if entry is None and not keys:
        names = " ".join(known(tools.stack.config())) or "none is configured"
        raise UsageError(
            f"there is no rotation to go on with: name the keys, they are asked for then ({names})"
        )
    if entry is not None and not keys and entry.step != CONFIGURED:
        raise UsageError(f"{entry}: the new keys were not written yet, so give them once more")
    if keys and (entry is None or entry.fresh != prints):
        tools.require_alone()
        left = _try(world, keys, untried=untried)
        born = {} if entry is None else entry.model_dump(include={"id", "by", "started"})
        entry = KeysRotation(**(born or tools.born()), fresh=prints, untried=left)
        tools.journal.write(entry)
        failpoint.reach("rotation.begun")
    assert entry is not None  # noqa: S101 both ways to have none ended above

    def write(entry: KeysRotation) -> KeysRotation:
        for name, key in keys.items():
            tools.configure({f"secrets.{name}": key})
            failpoint.reach(f"rotation.configured.{name}")
        return entry

    def deploy(entry: KeysRotation) -> KeysRotation:
        config = tools.stack.config()
        for name, wanted in entry.fresh.items():
            if fingerprint(configured(config, f"secrets.{name}")) != wanted:
                raise UsageError(
                    f"the stack file has another {name} than was given: get the checkout that the "
                    "rotation was begun in, or give the new keys once more"
                )
        tools.deploy()
        return entry

    acts: dict[str, Callable[[KeysRotation], KeysRotation]] = {
        CONFIGURED: write,
        "deployed": deploy,
    }
    return tools.close(tools.walk(entry, acts), DONE)


def would(world: World, names: list[str]) -> list[str]:
    """What a run would do, for people; changes nothing. Raises UsageError and Refused."""
    entry = world.tools.journal.read()
    there = known(world.tools.stack.config())
    if wrong := sorted(set(names) - set(there)):
        raise UsageError(
            f"the configuration has no key {', '.join(wrong)}; it has {', '.join(there) or 'none'}"
        )
    world.tools.require_alone()
    if entry is not None and not names:
        return [f"would go on: {entry}"]
    tried = [f"try the new {name} at its provider" for name in names if name in world.providers]
    return [*tried, f"write {', '.join(names) or 'what is given'}, encrypted; then `pulumi up`"]


def require(names: list[str], keys: Mapping[str, str]) -> None:
    """Raise UsageError for a name that the configuration has not, or what can be no key."""
    for name, key in keys.items():
        if name not in names:
            raise UsageError(
                f"the configuration has no key {name} (legal-ai:secrets.{name}); it has "
                f"{', '.join(names) or 'none of a provider'}. Nothing was changed"
            )
        if len(key) < LEAST or not key.isascii() or not key.isprintable() or " " in key:
            raise UsageError(
                f"what was given as {name} can be no key: {LEAST} visible ASCII letters or more, "
                "without spaces. Nothing was changed"
            )


def told(entry: KeysRotation, providers: Mapping[str, Provider] = PROVIDERS) -> list[str]:
    """For people: what is left for them to do."""
    found = []
    for name in entry.fresh:
        provider = providers.get(name)
        where = provider.console if provider else "its provider's console"
        tried = "not tried, " if name in entry.untried else ""
        found.append(f"{name}: {tried}in every pod. Revoke the old key now: {where}")
    return [*found, "commit the stack's configuration now: another checkout has the old keys"]


def _try(world: World, keys: Mapping[str, str], *, untried: bool) -> tuple[str, ...]:
    """Ask each provider, before anything is changed; the names of those that nobody tried."""
    left = []
    for name, key in keys.items():
        try:
            _provider(world, name).require_good(key)
        except CouldNotFindOut as error:
            if not untried:
                raise
            world.tools.say(f"not tried: {error}")
            left.append(name)
    return tuple(left)


def _provider(world: World, name: str) -> Provider:
    if name not in world.providers:
        raise CouldNotFindOut(
            f"how a key of {name} is tried is not known here, so nobody knows whether it is good: "
            "add --untried if you have tried it yourself"
        )
    return world.providers[name]
