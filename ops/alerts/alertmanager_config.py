"""The same configuration as the operator's AlertmanagerConfig: secrets by name, other spellings.

The operator itself sees to it that it is about this namespace's alerts only.
"""

import re
from typing import Any, Final

from ops.alerts.telling import (
    GROUPED_BY,
    Contacts,
    Hidden,
    Integration,
    Matcher,
    Receiver,
    Route,
    inhibitions,
    receivers,
    route,
)
from ops.body import Body

API_VERSION: Final = "monitoring.coreos.com/v1alpha1"
"""https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1"""
_SPELT: Final = {"api_url": "apiURL", "require_tls": "requireTLS"}


def spec(contacts: Contacts, secret: str) -> Body:
    """What the operator reads; `secret` is the name of the Secret with every `Hidden.key`."""
    return {
        "route": _route(route(contacts)) | {"groupBy": list(GROUPED_BY)},
        "receivers": [_receiver(each, secret) for each in receivers(contacts)],
        "inhibitRules": [
            {
                "sourceMatch": _matchers(each.source),
                "targetMatch": _matchers(each.target),
                "equal": list(each.equal),
            }
            for each in inhibitions()
        ],
    }


def _route(one: Route) -> Body:
    body: Body = {"receiver": one.receiver, **{_camel(k): v for k, v in one.times.items()}}
    if one.matchers:
        body["matchers"] = _matchers(one.matchers)
    if one.goes_on:
        body["continue"] = True
    if one.routes:
        body["routes"] = [_route(child) for child in one.routes]
    return body


def _receiver(receiver: Receiver, secret: str) -> Body:
    body: Body = {"name": receiver.name}
    for each in receiver.integrations:
        body.setdefault(f"{each.kind}Configs", []).append(_integration(each, secret))
    return body


def _integration(integration: Integration, secret: str) -> Body:
    fields = dict(integration.fields)
    if integration.kind == "webhook" and isinstance(fields["url"], Hidden):
        fields["url_secret"] = fields.pop("url")
    return {_camel(name): _referred(value, secret) for name, value in fields.items()}


def _referred(value: Any, secret: str) -> Any:
    if isinstance(value, Hidden):
        return {"name": secret, "key": value.key}
    if isinstance(value, dict):
        return {_camel(name): _referred(each, secret) for name, each in value.items()}
    return value


def _camel(name: str) -> str:
    spelt = _SPELT.get(name)
    return spelt or re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _matchers(matchers: tuple[Matcher, ...]) -> list[Body]:
    return [{"name": m.name, "matchType": m.kind, "value": m.value} for m in matchers]
