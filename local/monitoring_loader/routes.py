"""One Alertmanager configuration out of many, each of which sees its own namespace's alerts only.

What the operator of Prometheus makes of AlertmanagerConfigs: a child route, names of its own.
"""

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]

NOBODY = "nobody"
TAKEN = frozenset({"route", "receivers", "inhibit_rules", "time_intervals"})
INTERVALS = ("mute_time_intervals", "active_time_intervals")


def merged(documents: Mapping[str, Document]) -> dict[str, Any]:
    """Return the configuration for `documents`, by `namespace/name` of the object each is from.

    Raises ValueError, naming the document, for what can't be one of several.
    """
    routes, receivers, inhibitions, intervals = [], [{"name": NOBODY}], [], []
    for origin, document in sorted(documents.items()):
        _require_whole(origin, document)
        own = f'namespace="{origin.partition("/")[0]}"'
        route = _renamed(document["route"], origin)
        # Goes on: a namespace may have several documents, and each is asked.
        routes.append(route | {"matchers": [own], "continue": True})
        receivers += [_named(one, origin) for one in document.get("receivers", [])]
        intervals += [_named(one, origin) for one in document.get("time_intervals", [])]
        inhibitions += [
            {
                **rule,
                "source_matchers": [own, *rule.get("source_matchers", [])],
                "target_matchers": [own, *rule.get("target_matchers", [])],
            }
            for rule in document.get("inhibit_rules", [])
        ]
    return {
        "route": {"receiver": NOBODY, "routes": routes},
        "receivers": receivers,
        "inhibit_rules": inhibitions,
        "time_intervals": intervals,
    }


def _require_whole(origin: str, document: Document) -> None:
    if "route" not in document:
        raise ValueError(f"{origin} has no route: it is no Alertmanager configuration")
    if others := sorted(set(document) - TAKEN):
        raise ValueError(
            f"{origin} has {', '.join(others)}, which holds for every stack of an Alertmanager "
            f"and can't come from one of them. Taken: {', '.join(sorted(TAKEN))}"
        )


def _named(one: Mapping[str, Any], origin: str) -> dict[str, Any]:
    return {**one, "name": f"{origin}/{one['name']}"}


def _renamed(route: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return `route` and those below it with the names that receivers and intervals have now."""
    out = dict(route)
    if "receiver" in route:
        out["receiver"] = f"{origin}/{route['receiver']}"
    for key in INTERVALS:
        if key in route:
            out[key] = [f"{origin}/{name}" for name in route[key]]
    if "routes" in route:
        out["routes"] = [_renamed(child, origin) for child in route["routes"]]
    return out
