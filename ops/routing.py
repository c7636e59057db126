"""Pure: who gets how much traffic, and the route's body that says so, for both router kinds.

`public_route` and `preview_route` make Gateway API HTTPRoutes, `ingresses` the two Ingresses of
ingress-nginx. The Pulumi component declares the result; the agent and the scripts patch it.
`live_weights` reads the weights back from an object, whoever wrote it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops import names
from ops.body import Body
from ops.color import Color
from ops.weights import shares

GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
PUBLIC_ROUTE: Final = "legal-ai"
MAIN_INGRESS: Final = "legal-ai-ingress"
CANARY_INGRESS: Final = "legal-ai-canary"
NGINX: Final = "nginx.ingress.kubernetes.io"


@dataclass(frozen=True)
class Endpoint:
    """A web service that the public reaches: its name, its port and the path prefixes it owns."""

    service: str
    port: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """How public traffic is divided. `versions` has the colors that are declared, and only those.

    `canary_weight` is the percentage, 0 to 100, of the color that is not active.
    """

    active: Color
    canary_weight: int
    serial: int
    versions: Mapping[Color, str]

    @property
    def weights(self) -> dict[Color, int]:
        """Percent of public traffic for every declared color."""
        both = shares(self.active, self.canary_weight)
        return {color: share for color, share in both.items() if color in self.versions}

    @property
    def is_mixed(self) -> bool:
        """Whether both colors serve the public at once."""
        return 0 < self.canary_weight < 100

    @property
    def episode(self) -> str:
        """A token for this pair of versions: a cookie of an earlier canary pins nobody in this."""
        pair = ",".join(f"{color}={self.versions.get(color, '')}" for color in Color)
        return hashlib.sha256(pair.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Site:
    """Where the routes live and what they serve: the same for both colors."""

    namespace: str
    public_host: str
    preview_hosts: Mapping[Color, str]
    endpoints: tuple[Endpoint, ...]
    gateway_name: str
    gateway_namespace: str
    secure: bool
    """Whether browsers come by https: decides the `Secure` attribute of the cookie."""


def preview_name(color: Color) -> str:
    """Name of a color's preview route or Ingress."""
    return f"legal-ai-preview-{color}"


def annotations(split: Split) -> dict[str, str]:
    """What the public route says of itself, for the gate, the agent and people."""
    return {
        names.ACTIVE_COLOR: str(split.active),
        names.CANARY_WEIGHT: str(split.canary_weight),
        names.SERIAL: str(split.serial),
        names.VERSIONS: ",".join(
            f"{color}={split.versions[color]}"
            for color in Color
            if split.weights.get(color, 0) > 0 and color in split.versions
        ),
    }


def public_route(site: Site, split: Split) -> Body:
    """The HTTPRoute of the public host: every rule has the same weights, so one write moves all.

    While both colors have weight, an answer that was drawn by weight sets a cookie, and rules
    that match the cookie keep the visitor on that color: a page never talks to the other API.
    """
    rules: list[Body] = []
    for endpoint in site.endpoints:
        if split.is_mixed:
            rules += [_pinned_rule(endpoint, color, split) for color in split.weights]
        cookies = {
            color: _cookie(color, split, secure=site.secure) if split.is_mixed else None
            for color in split.weights
        }
        rules.append(
            {
                "matches": [_path_match(path) for path in endpoint.paths],
                "backendRefs": [
                    _backend(endpoint, color, weight, set_cookie=cookies[color])
                    for color, weight in split.weights.items()
                ],
            }
        )
    return _route(site, PUBLIC_ROUTE, site.public_host, rules, annotations(split))


def preview_route(site: Site, color: Color, declared: Iterable[Color]) -> Body:
    """The HTTPRoute of one color's preview host.

    Testers may ask for the other color with the request header `X-Deployment-Color`, here only:
    in public a header that picks a color would let anyone out of the canary.
    """
    rules: list[Body] = []
    for endpoint in site.endpoints:
        if color.other in declared:
            rules.append(
                {
                    "matches": [
                        _path_match(path, header=(names.COLOR_HEADER, str(color.other)))
                        for path in endpoint.paths
                    ],
                    "backendRefs": [_backend(endpoint, color.other, 100)],
                }
            )
        rules.append(
            {
                "matches": [_path_match(path) for path in endpoint.paths],
                "backendRefs": [_backend(endpoint, color, 100)],
            }
        )
    return _route(site, preview_name(color), site.preview_hosts[color], rules, {})


def canary_ingress(site: Site, split: Split) -> Body | None:
    """The canary Ingress of ingress-nginx for the color that is not active, for every path.

    None where nothing is in standby. The runbook's form covered `/` only, so a canary page
    called the old API.
    """
    standby = split.active.other
    if standby not in split.versions:
        return None
    extra = {f"{NGINX}/canary": "true", f"{NGINX}/canary-weight": str(split.canary_weight)}
    return _ingress(site, CANARY_INGRESS, site.public_host, standby, annotations(split) | extra)


def main_ingress(site: Site, split: Split) -> Body:
    """The Ingress of ingress-nginx that sends the public host to the active color."""
    return _ingress(site, MAIN_INGRESS, site.public_host, split.active, annotations(split))


def preview_ingress(site: Site, color: Color) -> Body:
    """The Ingress of ingress-nginx for one color's preview host."""
    return _ingress(site, preview_name(color), site.preview_hosts[color], color, {})


def public_path(endpoints: Iterable[Endpoint], service: str, wish: str) -> str:
    """A path by which the public reaches the service: the wish, if it is the service's own.

    The frontend's `/health` belongs to the backend in public; it is asked by its first path then.
    """
    owned = {path: endpoint.service for endpoint in endpoints for path in endpoint.paths}
    owners = [path for path in owned if wish.startswith(path)]
    if owners and owned[max(owners, key=len)] == service:
        return wish
    return next(path for path, owner in owned.items() if owner == service)


def live_weights(route: Mapping[str, Any]) -> dict[Color, int]:
    """Percent of traffic per color as an HTTPRoute's rules say, whoever wrote them.

    Where rules disagree (half a patch by hand) a color's share is the largest that any rule gives
    it. A color that only a cookie rule names counts as 1: it serves somebody.
    """
    shares: dict[Color, int] = {}
    for rule in route.get("spec", {}).get("rules") or []:
        weights: dict[Color, int] = {}
        for ref in rule.get("backendRefs") or []:
            color = _color_of(str(ref.get("name", "")))
            if color is not None:
                weights[color] = weights.get(color, 0) + int(ref.get("weight", 1))
        total = sum(weights.values())
        pinned = any(match.get("headers") for match in rule.get("matches") or [])
        for color, weight in weights.items():
            percent = 0 if not weight else 1 if pinned else max(1, round(100 * weight / total))
            shares[color] = max(shares.get(color, 0), percent)
    return shares


def live_ingress_weights(
    main: Mapping[str, Any] | None, canary: Mapping[str, Any] | None
) -> dict[Color, int]:
    """Percent of traffic per color as the two Ingresses say."""
    canary_colors = _ingress_colors(canary) if canary else set()
    notes = (canary or {}).get("metadata", {}).get("annotations") or {}
    weight = int(notes.get(f"{NGINX}/canary-weight", 0)) if canary_colors else 0
    shares = dict.fromkeys(canary_colors, weight)
    for color in _ingress_colors(main) if main else set():
        shares[color] = max(shares.get(color, 0), 100 - weight)
    return shares


def pin_pattern(color: Color, split: Split) -> str:
    """Regular expression (RE2, matched whole) for a Cookie header that pins a visitor."""
    value = re.escape(_cookie_value(color, split))
    return rf"(.*;\s*)?{re.escape(names.COLOR_COOKIE)}={value}(\s*;.*)?"


def _cookie_value(color: Color, split: Split) -> str:
    return f"{color}.{split.episode}"


def _cookie(color: Color, split: Split, *, secure: bool) -> str:
    tail = "; Secure" if secure else ""
    value = _cookie_value(color, split)
    return f"{names.COLOR_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{tail}"


def _pinned_rule(endpoint: Endpoint, color: Color, split: Split) -> Body:
    pin = {"type": "RegularExpression", "name": "Cookie", "value": pin_pattern(color, split)}
    return {
        "matches": [_path_match(path) | {"headers": [pin]} for path in endpoint.paths],
        "backendRefs": [_backend(endpoint, color, 100)],
    }


def _path_match(path: str, header: tuple[str, str] | None = None) -> Body:
    match: Body = {"path": {"type": "PathPrefix", "value": path}}
    if header:
        match["headers"] = [{"type": "Exact", "name": header[0], "value": header[1]}]
    return match


def _backend(
    endpoint: Endpoint, color: Color, weight: int, *, set_cookie: str | None = None
) -> Body:
    modifier: Body = {"set": [{"name": names.COLOR_HEADER, "value": str(color)}]}
    if set_cookie:
        modifier["add"] = [{"name": "Set-Cookie", "value": set_cookie}]
    return {
        "name": names.workload(endpoint.service, color),
        "port": endpoint.port,
        "weight": weight,
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": modifier}],
    }


def _route(site: Site, name: str, host: str, rules: list[Body], notes: dict[str, str]) -> Body:
    metadata: Body = {"name": name, "namespace": site.namespace}
    if notes:
        metadata["annotations"] = notes
    return {
        "apiVersion": GATEWAY_API,
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {
            "parentRefs": [{"name": site.gateway_name, "namespace": site.gateway_namespace}],
            "hostnames": [host],
            "rules": rules,
        },
    }


def _ingress(site: Site, name: str, host: str, color: Color, notes: dict[str, str]) -> Body:
    metadata: Body = {"name": name, "namespace": site.namespace}
    if notes:
        metadata["annotations"] = notes
    paths = [
        {
            "path": path,
            "pathType": "Prefix",
            "backend": {
                "service": {
                    "name": names.workload(endpoint.service, color),
                    "port": {"number": endpoint.port},
                }
            },
        }
        for endpoint in site.endpoints
        for path in endpoint.paths
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": host, "http": {"paths": paths}}],
        },
    }


def _ingress_colors(ingress: Mapping[str, Any]) -> set[Color]:
    found = {
        _color_of(str(path["backend"]["service"]["name"]))
        for rule in ingress.get("spec", {}).get("rules") or []
        for path in rule.get("http", {}).get("paths") or []
    }
    return {color for color in found if color is not None}


def _color_of(workload: str) -> Color | None:
    suffix = workload.rpartition("-")[2]
    return Color(suffix) if suffix in set(Color) else None
