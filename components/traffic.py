"""Who gets the public's requests: the public route, and a preview route for each color.

The public route is one object with one owner. Of the colors it waits only for those that get weight
and for what is scaled to zero: a broken color never blocks leaving it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.color_stack import ColorStack
from components.gate_hooks import GateHooks
from components.kube import KubeObject
from ops import routing
from ops.body import Body
from ops.color import Color


@dataclass
class TrafficArgs:
    """The split that is wanted, the site it is for, and the colors that are declared."""

    router: str
    site: routing.Site
    split: routing.Split
    colors: Mapping[Color, ColorStack]
    namespace: pulumi.Input[str]
    gate: GateHooks


class Traffic(pulumi.ComponentResource):
    """The routes. `settled` is true once traffic was seen where the route sends it.

    `verified` is the public route from then on: what depends on it follows the traffic.
    """

    settled: pulumi.Output[bool]
    verified: pulumi.Output[pulumi.Resource]

    def __init__(
        self, name: str, args: TrafficArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:traffic:Traffic", name, None, opts)
        self._args = args
        public = self._ingresses() if args.router == "ingress-nginx" else self._routes()
        self.settled = public.id.apply(lambda _: args.gate.settled())
        self.verified = self.settled.apply(lambda _: public)
        self.register_outputs({"settled": self.settled})

    def _routes(self) -> pulumi.CustomResource:
        args = self._args
        for color in args.colors:
            body = routing.preview_route(args.site, color, args.colors)
            self._declare(body, pulumi.ResourceOptions(depends_on=self._services()))
        return self._declare(
            routing.public_route(args.site, args.split),
            pulumi.ResourceOptions(
                depends_on=self._services() + self._awaited(), hooks=args.gate.route
            ),
        )

    def _ingresses(self) -> pulumi.CustomResource:
        """Two writes: the canary first, so that at a flip its weight is 0 before the main moves."""
        args = self._args
        for color in args.colors:
            self._declare(
                routing.preview_ingress(args.site, color),
                pulumi.ResourceOptions(depends_on=self._services()),
            )
        needs = self._services() + self._awaited()
        canary = routing.canary_ingress(args.site, args.split)
        if canary:
            needs = [
                self._declare(
                    canary, pulumi.ResourceOptions(depends_on=needs, hooks=args.gate.canary)
                )
            ]
        return self._declare(
            routing.main_ingress(args.site, args.split),
            pulumi.ResourceOptions(depends_on=needs, hooks=args.gate.route),
        )

    def _services(self) -> list[pulumi.Resource]:
        return [service for stack in self._args.colors.values() for service in stack.services]

    def _awaited(self) -> list[pulumi.Resource]:
        """Colors that get weight, and what is to be scaled to zero.

        The latter has no pods that could keep the route waiting, and is refused while the public
        needs it: so the route never moves in an `up` that would have drained it too early.
        """
        return [
            resource
            for color, weight in self._args.split.weights.items()
            if weight > 0
            for resource in self._args.colors[color].ready
        ] + [idle for stack in self._args.colors.values() for idle in stack.idle]

    def _declare(self, body: Body, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
        return KubeObject(
            body["metadata"]["name"],
            body | {"metadata": self._metadata(body)},
            pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts),
        )

    def _metadata(self, body: Body) -> Body:
        notes = {
            # The agent and the emergency scripts patch routes: `up` must be able to, afterwards.
            "pulumi.com/patchForce": "true",
            # The gate looks where the traffic goes; an unwell gateway must not hide its message.
            "pulumi.com/skipAwait": "true",
        }
        return {
            "name": body["metadata"]["name"],
            "namespace": self._args.namespace,
            "annotations": body["metadata"].get("annotations", {}) | notes,
        }
