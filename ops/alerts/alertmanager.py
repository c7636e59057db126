"""Alertmanager's own configuration of one stack, with the secrets in clear: it goes into a Secret.

A whole one, which `amtool check-config` takes; where several stacks share an Alertmanager, the
route becomes one of many, for alerts with this namespace only.
"""

from typing import Any

from ops.alerts.telling import (
    GROUPED_BY,
    Contacts,
    Hidden,
    Matcher,
    Receiver,
    Route,
    inhibitions,
    receivers,
    route,
)
from ops.body import Body


def document(contacts: Contacts) -> Body:
    """The configuration."""
    return {
        "route": _route(route(contacts)) | {"group_by": list(GROUPED_BY)},
        "receivers": [_receiver(each) for each in receivers(contacts)],
        "inhibit_rules": [
            {
                "source_matchers": _matchers(each.source),
                "target_matchers": _matchers(each.target),
                "equal": list(each.equal),
            }
            for each in inhibitions()
        ],
    }


def _route(one: Route) -> Body:
    body: Body = {"receiver": one.receiver, **one.times}
    if one.matchers:
        body["matchers"] = _matchers(one.matchers)
    if one.goes_on:
        body["continue"] = True
    if one.routes:
        body["routes"] = [_route(child) for child in one.routes]
    return body


def _receiver(receiver: Receiver) -> Body:
    body: Body = {"name": receiver.name}
    for each in receiver.integrations:
        body.setdefault(f"{each.kind}_configs", []).append(_in_clear(each.fields))
    return body


def _in_clear(value: Any) -> Any:
    if isinstance(value, Hidden):
        return value.value
    if isinstance(value, dict):
        return {name: _in_clear(each) for name, each in value.items()}
    return value


def _matchers(matchers: tuple[Matcher, ...]) -> list[str]:
    return [f'{each.name}{each.kind}"{each.value}"' for each in matchers]
