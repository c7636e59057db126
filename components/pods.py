"""What every pod of ours has in common: the restricted security context and its writable /tmp."""

from typing import Final

import pulumi_kubernetes as k8s

from components.settings import ResourcesSettings

USER_ID: Final = 10001
"""Neither root nor a user of the node; the images' files are readable by all."""


def pod_security() -> k8s.core.v1.PodSecurityContextArgs:
    """The pod's half of Pod Security "restricted"."""
    return k8s.core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER_ID,
        run_as_group=USER_ID,
        fs_group=USER_ID,
        seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> k8s.core.v1.SecurityContextArgs:
    """The container's half, with a root file system that nobody writes to."""
    return k8s.core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def tmp_volume() -> k8s.core.v1.VolumeArgs:
    """A small writable folder that goes with the pod."""
    return k8s.core.v1.VolumeArgs(
        name="tmp", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="64Mi")
    )


def tmp_mount() -> k8s.core.v1.VolumeMountArgs:
    """Where `tmp_volume` is seen."""
    return k8s.core.v1.VolumeMountArgs(name="tmp", mount_path="/tmp")  # noqa: S108 a pod's own


def resources(settings: ResourcesSettings) -> k8s.core.v1.ResourceRequirementsArgs:
    """What the pod is promised and may use; an empty map would be a difference for ever."""
    return k8s.core.v1.ResourceRequirementsArgs(
        requests=dict(settings.requests) or None, limits=dict(settings.limits) or None
    )
