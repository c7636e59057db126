"""The properties that can't change in place: their change needs a new object.

The official provider's table (provider/pkg/provider/diff.go), for the versions still served.
"""

from __future__ import annotations

from local.plugins.kubernetes.objects import Kind, KubeObject, get, kind_of
from local.plugins.paths import Path


def _under(prefix: str, fields: str) -> tuple[Path, ...]:
    """One pattern a word of `fields`; `*` in the prefix stands for any entry of a list."""
    steps = tuple(step for step in prefix.split(".") if step)
    return tuple((*steps, *field.split(".")) for field in fields.split())


_IDENTITY = _under("metadata", "name namespace")
_SELECTOR = _under("spec", "selector")
_STATEFUL_SET = _under(
    "spec", "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates"
)
_POD_FIELDS = """
    affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases
    hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead
    preemptionPolicy priority priorityClassName readinessGates restartPolicy runtimeClassName
    schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace
    subdomain terminationGracePeriodSeconds volumes
"""
_CONTAINER_FIELDS = """
    args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources
    securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty
    volumeDevices volumeMounts workingDir
"""
_VOLUME_SOURCES = """
    awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker
    gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume
    quobyte rbd scaleIO storageos vsphereVolume
"""
_TABLE: dict[str, tuple[Path, ...]] = {
    "apps/v1/DaemonSet": _SELECTOR,
    "apps/v1/Deployment": _SELECTOR,
    "apps/v1/StatefulSet": _STATEFUL_SET,
    "batch/v1/Job": _under("spec", "completions parallelism selector template"),
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": _under("", "roleRef"),
    "rbac.authorization.k8s.io/v1/RoleBinding": _under("", "roleRef"),
    "storage.k8s.io/v1/StorageClass": _under("", "parameters provisioner"),
    "v1/PersistentVolume": _under("spec", _VOLUME_SOURCES),
    "v1/PersistentVolumeClaim": _under("spec", "accessModes selector storageClassName volumeName"),
    "v1/Pod": (
        *_under("spec", _POD_FIELDS),
        *_under("spec.containers.*", _CONTAINER_FIELDS),
        *_under("spec.initContainers.*", _CONTAINER_FIELDS),
    ),
    "v1/ResourceQuota": _under("spec", "scopes"),
    "v1/Secret": _under("", "type"),
    "v1/Service": _under("spec", "clusterIP"),
}


def force_new(
    wanted: KubeObject, *, config_maps_mutable: bool, secrets_mutable: bool
) -> tuple[Path, ...]:
    """The properties of this object that can't change in place."""
    kind = kind_of(wanted)
    immutable = get(wanted, "immutable", default=False) is True
    paths = _IDENTITY + _TABLE.get(str(kind), ())
    if kind == Kind("", "v1", "Secret") and (immutable or not secrets_mutable):
        paths += _under("", "stringData data")
    if kind == Kind("", "v1", "ConfigMap") and (immutable or not config_maps_mutable):
        paths += _under("", "binaryData data")
    return paths
