"""What the monitoring's programs may read in the local cluster; none of them may write."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.addresses import NODE_NAME

READ = ("get", "list", "watch")
# (API group, kinds) that kube-state-metrics tells of.
TOLD: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("pods",)),
    ("apps", ("deployments",)),
    ("batch", ("cronjobs", "jobs")),
)


def rights() -> list[dict[str, Any]]:
    """Return a ClusterRole and its binding for each user of `credentials` that is ours."""
    return [
        *_reader(
            "prometheus",
            {
                "apiGroups": [""],
                "resources": ["nodes/metrics"],
                "resourceNames": [NODE_NAME],
                "verbs": ["get"],
            },
        ),
        *_reader(
            "monitoring-loader",
            {"apiGroups": [""], "resources": ["configmaps", "pods", "secrets"], "verbs": READ},
        ),
        *_reader(
            "kube-state-metrics",
            *(
                {"apiGroups": [group], "resources": kinds, "verbs": ["list", "watch"]}
                for group, kinds in TOLD
            ),
        ),
    ]


def _reader(user: str, *rules: Mapping[str, str | Sequence[str]]) -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    named = {"apiVersion": f"{group}/v1", "metadata": {"name": f"local-{user}"}}
    return [
        named | {"kind": "ClusterRole", "rules": list(rules)},
        named
        | {
            "kind": "ClusterRoleBinding",
            "subjects": [{"kind": "User", "name": user, "apiGroup": group}],
            "roleRef": {"kind": "ClusterRole", "name": f"local-{user}", "apiGroup": group},
        },
    ]
