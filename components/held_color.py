"""The API server itself keeps traffic from a held color and from an isolated namespace.

Whoever asks and by what tool: a ValidatingAdmissionPolicy that looks at the notes which a hold
(`ops/hold_guard.py`) or an isolation (`ops/isolation.py`) leaves on routes. Else writes pass.
"""

from dataclasses import dataclass
from typing import Final

import pulumi

from components.kube import KubeObject
from ops.body import Body
from ops.hold_guard import BECAUSE, HELD
from ops.isolation import ISOLATED, NO_CLASS, REOPEN
from ops.routing import NGINX

API: Final = "admissionregistration.k8s.io/v1"
KINDS: Final = (("gateway.networking.k8s.io", "httproutes"), ("networking.k8s.io", "ingresses"))
REFUSAL: Final = (
    "the color is held: it was rolled back and gets no more public traffic until somebody "
    "acknowledges that. See `kubectl get configmap traffic-hold -o yaml`"
)
"""Said where the sentence with the hold's own words can't be made."""


@dataclass
class HeldColorArgs:
    """The namespace whose routes are guarded."""

    namespace: str


class HeldColor(pulumi.ComponentResource):
    """The policy and its binding. They belong to the cluster, so their names say the namespace.

    The hold is no parameter of the policy. An API server stops to read ConfigMaps for parameters
    once the last binding with one was deleted, for good and silently
    (https://github.com/kubernetes/kubernetes/issues/130887).
    """

    def __init__(
        self, name: str, args: HeldColorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:held_color:HeldColor", name, None, opts)
        metadata = {"name": policy_name(args.namespace)}
        here = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": args.namespace}}
        }
        policy = KubeObject(
            f"{name}-policy",
            {
                "apiVersion": API,
                "kind": "ValidatingAdmissionPolicy",
                "metadata": metadata,
                "spec": {
                    # A write that can't be judged is not a good one.
                    "failurePolicy": "Fail",
                    "matchConstraints": {**here, "resourceRules": [_rule(*kind) for kind in KINDS]},
                    "matchConditions": [{"name": "noted", "expression": _is_noted()}],
                    "variables": _variables(),
                    "validations": [_no_more_for_held(), _stays_isolated()],
                },
            },
            pulumi.ResourceOptions(parent=self),
        )
        KubeObject(
            f"{name}-binding",
            {
                "apiVersion": API,
                "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": metadata,
                "spec": {
                    "policyName": policy_name(args.namespace),
                    "matchResources": here,
                    "validationActions": ["Deny"],
                },
            },
            pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({"name": policy_name(args.namespace)})


def policy_name(namespace: str) -> str:
    """Name of the policy and of its binding."""
    return f"legal-ai-held-color.{namespace}"


def _rule(group: str, resource: str) -> Body:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": [resource],
    }


def _noted(note: str) -> str:
    """What the object had as a note before the write: one write can't lift a hold and use that."""
    return f"oldObject.metadata.?annotations[?'{note}'].orValue('')"


def _is_noted() -> str:
    return f"{_noted(HELD)} != '' || {_noted(ISOLATED)} != ''"


def _variables() -> list[Body]:
    """What the verdict is made of; each may use those above it.

    Shares are 0 to 1, the largest that a rule gives. A canary's cookie rules give all they match,
    so they are looked at apart from those that draw by weight.
    """
    expressions = {
        "suffix": f"'-' + {_noted(HELD)}",
        "isRoute": "request.resource.resource == 'httproutes'",
        "drawn": _share("object", pinned=False),
        "drawnBefore": _share("oldObject", pinned=False),
        "pinned": _share("object", pinned=True),
        "pinnedBefore": _share("oldObject", pinned=True),
    }
    return [{"name": name, "expression": text} for name, text in expressions.items()]


def _stays_isolated() -> Body:
    attached = (
        "variables.isRoute ? size(object.spec.?parentRefs.orValue([])) > 0 : "
        f"object.spec.?ingressClassName.orValue('') != '{NO_CLASS}'"
    )
    return {
        "expression": f"{_noted(ISOLATED)} == '' || !({attached})",
        "message": f"the namespace is isolated: {REOPEN} lets the public in again",
        "messageExpression": f"{_noted(ISOLATED)} + '. {REOPEN} lets the public in again'",
        "reason": "Forbidden",
    }


def _no_more_for_held() -> Body:
    is_more = "variables.drawn > variables.drawnBefore || variables.pinned > variables.pinnedBefore"
    sentence = (
        f"{_noted(BECAUSE)} + '. This write would give it more public traffic than it has. When "
        "that is right: scripts/emergency_rollback.py --acknowledge makes configuration say what "
        "is live, and lifts the hold'"
    )
    return {
        "expression": f"{_noted(HELD)} == '' || !({is_more})",
        "message": REFUSAL,
        "messageExpression": sentence,
        "reason": "Forbidden",
    }


def _share(of: str, *, pinned: bool) -> str:
    ingress = "0.0" if pinned else _ingress_share(of)
    return f"variables.isRoute ? {_route_share(of, pinned=pinned)} : {ingress}"


def _route_share(of: str, *, pinned: bool) -> str:
    """As `ops.routing.live_weights` counts, without its rounding."""
    weight = "int(b.?weight.orValue(1))"
    return (
        f"([0.0] + {of}.spec.?rules.orValue([])"
        ".filter(r, r.?matches.orValue([]).exists(m, size(m.?headers.orValue([])) > 0)"
        f" == {str(pinned).lower()})"
        ".map(r, r.?backendRefs.orValue([]))"
        f".filter(refs, refs.exists(b, {weight} > 0))"
        ".map(refs, double(refs.filter(b, b.name.endsWith(variables.suffix))"
        f".map(b, {weight}).sum()) / double(refs.map(b, {weight}).sum()))).max()"
    )


def _ingress_share(of: str) -> str:
    """What this one Ingress gives: a canary its weight, another one all."""
    notes = f"{of}.metadata.?annotations"
    backend = "backend.?service.?name.orValue('').endsWith(variables.suffix)"
    is_held = (
        f"{of}.spec.?defaultBackend.?service.?name.orValue('').endsWith(variables.suffix) || "
        f"{of}.spec.?rules.orValue([]).exists(r, "
        f"r.?http.?paths.orValue([]).exists(p, p.{backend}))"
    )
    canary = f"{notes}[?'{NGINX}/canary'].orValue('') == 'true'"
    weight = f"double({notes}[?'{NGINX}/canary-weight'].orValue('0')) / 100.0"
    return f"(({is_held}) ? (({canary}) ? {weight} : 1.0) : 0.0)"
