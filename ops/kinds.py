"""The kinds of Kubernetes objects that this project reads or writes, as lightkube knows them."""

from collections.abc import Mapping
from typing import Final

from lightkube.generic_resource import (
    GenericNamespacedResource,
    create_global_resource,
    create_namespaced_resource,
)

from ops.first_decoding import prepare

KINDS: Final[Mapping[str, type[GenericNamespacedResource]]] = {
    "ConfigMap": create_namespaced_resource("", "v1", "ConfigMap", "configmaps"),
    "Pod": create_namespaced_resource("", "v1", "Pod", "pods"),
    "Secret": create_namespaced_resource("", "v1", "Secret", "secrets"),
    "Event": create_namespaced_resource("", "v1", "Event", "events"),
    "Service": create_namespaced_resource("", "v1", "Service", "services"),
    "ResourceQuota": create_namespaced_resource("", "v1", "ResourceQuota", "resourcequotas"),
    "ReplicaSet": create_namespaced_resource("apps", "v1", "ReplicaSet", "replicasets"),
    "Deployment": create_namespaced_resource("apps", "v1", "Deployment", "deployments"),
    "CronJob": create_namespaced_resource("batch", "v1", "CronJob", "cronjobs"),
    "Job": create_namespaced_resource("batch", "v1", "Job", "jobs"),
    "Lease": create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases"),
    "Ingress": create_namespaced_resource("networking.k8s.io", "v1", "Ingress", "ingresses"),
    "NetworkPolicy": create_namespaced_resource(
        "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"
    ),
    "HTTPRoute": create_namespaced_resource(
        "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"
    ),
}

SELF_REVIEW: Final = create_global_resource(
    "authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews"
)
"""A question about oneself: nothing is written for it, everybody may ask, the answer has a time."""

prepare((*KINDS.values(), SELF_REVIEW))
