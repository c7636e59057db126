"""Pure: all traffic to one color, as changes of the route that lives, whoever wrote it.

A rollback has no configuration to make a route from. What it writes is what the program would write
for that color with canary weight 0, so that the next `up` finds nothing to change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import names, routing
from ops.body import Body
from ops.color import Color
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.live import LiveRoute


ROLLBACK: Final = f"{names.DOMAIN}/rollback"
"""Annotation: the rollback that somebody took over, and has not moved traffic by yet."""


@dataclass(frozen=True)
class Write:
    """A merge patch of one object, bound to the version that was read."""

    kind: str
    name: str
    patch: Body


def services(route: LiveRoute) -> tuple[str, ...]:
    """The web services that the route leads to, whichever color."""
    found = (name.rpartition("-")[0] for name in _workloads(route.main))
    return tuple(dict.fromkeys(found))


def all_to(route: LiveRoute, target: Color, version: str) -> list[Write]:
    """What gives `target`, which runs `version`, everything; to be written in this order.

    Raises CouldNotFindOut where the route has a path that doesn't lead to that color.
    """
    notes = {
        names.ACTIVE_COLOR: str(target),
        names.CANARY_WEIGHT: "0",
        names.VERSIONS: f"{target}={version}",
        # None takes it away: the program does not declare it.
        ROLLBACK: None,
    }
    if route.main["kind"] != "Ingress":
        return [_write(route.main, notes, give_all(route.main["spec"]["rules"], target))]
    writes = []
    if route.canary is not None:
        # First, as in the program: with its weight at 0 the main Ingress alone says who is served.
        quiet = notes | {f"{routing.NGINX}/canary-weight": "0"}
        writes.append(_write(route.canary, quiet, _pointed(route.canary, target.other)))
    return [*writes, _write(route.main, notes, _pointed(route.main, target))]


def give_all(rules: Iterable[Mapping[str, Any]], target: Color) -> list[Body]:
    """An HTTPRoute's rules with everything for `target`; cookie rules and the cookie go."""
    return [_whole_rule(rule, target) for rule in rules if not _is_pinned(rule)]


def touched(route: LiveRoute, mark: str) -> list[Write]:
    """What changes nothing but the version: a write that was prepared before it is refused then.

    `mark` has to be another one than that of the touch before.
    """
    return [
        _write(body, {ROLLBACK: mark}, None)
        for body in (route.canary, route.main)
        if body is not None
    ]


def _whole_rule(rule: Mapping[str, Any], target: Color) -> Body:
    made = copy.deepcopy(dict(rule))
    given = False
    for ref in made.get("backendRefs") or []:
        is_target = str(ref["name"]).endswith(f"-{target}")
        given = given or is_target
        ref["weight"] = 100 if is_target else 0
        _take_cookie(ref)
    if not given:
        paths = [match.get("path", {}).get("value") for match in rule.get("matches") or []]
        raise CouldNotFindOut(
            f"the public route has no backend of {target} for {paths}: it can't be given traffic. "
            f"Run `pulumi up` with a version for {target}"
        )
    return made


def _take_cookie(ref: Body) -> None:
    """Take away the cookie that pinned visitors while both colors served."""
    for each in ref.get("filters") or []:
        modifier = each.get("responseHeaderModifier") or {}
        kept = [
            header
            for header in modifier.get("add") or []
            if not str(header["value"]).startswith(f"{names.COLOR_COOKIE}=")
        ]
        modifier.pop("add", None)
        if kept:
            modifier["add"] = kept


def _is_pinned(rule: Mapping[str, Any]) -> bool:
    return any(match.get("headers") for match in rule.get("matches") or [])


def _pointed(ingress: Mapping[str, Any], color: Color) -> list[Body]:
    rules: list[Body] = copy.deepcopy(ingress["spec"]["rules"])
    for rule in rules:
        for path in rule["http"]["paths"]:
            service = path["backend"]["service"]
            service["name"] = names.workload(str(service["name"]).rpartition("-")[0], color)
    return rules


def _write(
    body: Mapping[str, Any], notes: Mapping[str, str | None], rules: list[Body] | None
) -> Write:
    metadata = body["metadata"]
    patch: Body = {
        "metadata": {"resourceVersion": metadata["resourceVersion"], "annotations": dict(notes)}
    }
    if rules is not None:
        patch["spec"] = {"rules": rules}
    return Write(str(body["kind"]), str(metadata["name"]), patch)


def _workloads(body: Mapping[str, Any]) -> list[str]:
    rules = body["spec"].get("rules") or []
    if body["kind"] == "Ingress":
        return [p["backend"]["service"]["name"] for rule in rules for p in rule["http"]["paths"]]
    return [ref["name"] for rule in rules for ref in rule.get("backendRefs") or []]
