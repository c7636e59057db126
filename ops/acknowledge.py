"""Acknowledging a rollback: the configuration says what is live, and the hold goes.

The hold goes last: killed anywhere before, the same command does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import hold_guard, live, names
from ops.color import Color
from ops.config import all_to, of_color, raised, serial
from ops.errors import Refused
from ops.hold import Hold
from ops.rollback.journal import Journal
from ops.state import LiveTraffic
from ops.verdict import enforce, judge_serial

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.stack import Stack

PREFIX: Final = "legal-ai:"


@dataclass(frozen=True)
class Changes:
    """What of the stack's configuration is to be set, and what taken away first.

    Keys are paths below `legal-ai:`.
    """

    values: Mapping[str, str]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What was acknowledged, and what was changed in the configuration for it.

    `incident` is what those who were told of the rollback know it by.
    """

    hold: Hold
    changes: Changes
    incident: str


def acknowledge(
    stack: Stack, cluster: Cluster, say: Callable[[str], None], *, dry_run: bool = False
) -> Done | None:
    """Write what is live into the configuration, apply it, lift the hold; None: nothing is held.

    Raises Refused while the route does not follow the hold, or where the configuration is an older
    one than what is live was made from (it would bring back what was changed since), and what
    `Stack.up` raises.
    """
    hold = Hold.read(cluster)
    if hold is None:
        return None
    traffic = _followed(cluster, hold)
    config = stack.config()
    enforce(judge_serial(serial(config), traffic), "nothing was changed")
    changes = changed(config, hold.target, _replicas(cluster, hold.target))
    ended = Journal(cluster).history()
    incident = next((each.incident for each in ended if each.id == hold.operation), "")
    done = Done(hold, changes, incident)
    if dry_run:
        return done
    for key in changes.removed:
        stack.remove(key)
    if changes.values:
        stack.set(changes.values)
        say(f"configuration: {', '.join(f'{k} {v}' for k, v in changes.values.items())}")
    stack.up(say, refresh=True)
    _lift(cluster, hold)
    say(f"the hold on {hold.color} is lifted")
    return done


def changed(config: Mapping[str, Any], target: Color, replicas: Mapping[str, int]) -> Changes:
    """Pure: what makes the configuration say that `target` serves, with so many replicas each.

    The serial is raised with any of it: a checkout of before must not undo this. It is the live
    one's at least.
    """
    # What is unset is written too.
    values = {k: v for k, v in all_to(target).items() if str(config.get(PREFIX + k, "")) != v}
    key = f"{target}.replicas"
    given = of_color(config, target).replicas
    removed: tuple[str, ...] = ()
    if isinstance(given, dict):
        values |= {
            f"{key}.{service}": str(n) for service, n in replicas.items() if given.get(service) != n
        }
    elif (only := _only(replicas)) is not None:
        if only != (given or 0):
            values[key] = str(only)
    elif replicas:
        # A number can't become an object in one write; until the second one the color has none.
        removed = (key,)
        values |= {f"{key}.{service}": str(n) for service, n in replicas.items()}
    if values:
        values |= raised(config)
    return Changes(values, removed)


def _only(replicas: Mapping[str, int]) -> int | None:
    """The number that all have in common, None where they differ or there are none."""
    numbers = set(replicas.values())
    return numbers.pop() if len(numbers) == 1 else None


def _followed(cluster: Cluster, hold: Hold) -> LiveTraffic:
    """The live traffic, once it is all on the hold's target."""
    operation = Journal(cluster).read()
    if operation is not None:
        raise Refused(f"{operation} is still open: run `scripts/emergency_rollback.py`")
    traffic = live.require(cluster, live.router_of(cluster)).traffic
    if traffic.has_traffic(hold.color) or not traffic.has_traffic(hold.target):
        raise Refused(
            f"the route gives {dict(traffic.weights)}, but {hold}. Bring the traffic to "
            f"{hold.target} by `scripts/emergency_rollback.py --from {hold.color}` first"
        )
    return traffic


def _replicas(cluster: Cluster, color: Color) -> dict[str, int]:
    """How many pods each service of the color has by what is live: as configured for workers."""
    found: dict[str, int] = {}
    for kind in ("Deployment", "CronJob"):
        for body in cluster.list(kind, {"color": str(color)}):
            notes = body["metadata"].get("annotations") or {}
            live_number = body["spec"].get("replicas", 1)
            service = str(body["metadata"]["labels"]["app"])
            found[service] = int(notes.get(names.REPLICAS, live_number))
    return found


def _lift(cluster: Cluster, hold: Hold) -> None:
    stands = Hold.read(cluster)
    if stands is not None and stands != hold:
        raise Refused(
            f"another rollback came in meanwhile, and its hold stays: {stands}. Run this again"
        )
    cluster.delete("ConfigMap", names.HOLD)
    hold_guard.follow(cluster, live.router_of(cluster))
