"""A control group of our own for pods: another kubelet on this machine would end what it finds."""

import contextlib
import hashlib
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuset", "memory", "hugetlb", "pids")


def name_for(clone: Path) -> str:
    """Return the group's name for a clone of the repository."""
    return f"legal-ai-local-{hashlib.sha256(os.fsencode(clone)).hexdigest()[:8]}"


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Return where groups are made: one folder with cgroup v2, one a controller with v1."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted({folder.resolve() for folder in root.iterdir() if (folder / "tasks").exists()})


def ensure(clone: Path, root: Path = ROOT) -> str:
    """Make the group and return it as the kubelet names it; "/" where that can't be done."""
    name = name_for(clone)
    try:
        for hierarchy in hierarchies(root):
            _delegate(hierarchy)
            (hierarchy / name).mkdir(exist_ok=True)
            _inherit_cpus(hierarchy, name)
    except OSError:
        return "/"
    return f"/{name}" if _has_controllers(root, name) else "/"


def remove(clone: Path, root: Path = ROOT) -> None:
    """Remove the group and those below it; one that still has processes stays."""
    # With v1 the runtime may have made it in a v2 hierarchy mounted beside the others as well.
    beside = [folder for folder in root.iterdir() if folder.is_dir() and not folder.is_symlink()]
    for hierarchy in {root, *beside}:
        for folder, _, _ in os.walk(hierarchy / name_for(clone), topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def _delegate(hierarchy: Path) -> None:
    """With v2, let groups below the root have the controllers that pods are limited with."""
    offered = hierarchy / "cgroup.controllers"
    if offered.exists():
        wanted = set(CONTROLLERS) & set(offered.read_text().split())
        missing = wanted - set((hierarchy / "cgroup.subtree_control").read_text().split())
        for controller in sorted(missing):
            (hierarchy / "cgroup.subtree_control").write_text(f"+{controller}")


def _inherit_cpus(hierarchy: Path, name: str) -> None:
    """With v1, a new cpuset is empty and nothing could run in it."""
    for setting in ("cpuset.cpus", "cpuset.mems"):
        value = hierarchy / name / setting
        if (hierarchy / "tasks").exists() and value.exists() and not value.read_text().strip():
            value.write_text((hierarchy / setting).read_text())


def _has_controllers(root: Path, name: str) -> bool:
    """With v2 the kubelet refuses a group that lacks one of the controllers there are."""
    offered = root / "cgroup.controllers"
    if not offered.exists():
        return True
    wanted = set(CONTROLLERS) & set(offered.read_text().split())
    return wanted <= set((root / name / "cgroup.controllers").read_text().split())
