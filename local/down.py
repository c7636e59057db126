"""`down` and `clean`: stop every part, every container, and undo what was done to the network."""

import contextlib
import os
import shutil
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local import cgroups, kernel_settings, packages
from local.commands import run
from local.lock import one_at_a_time
from local.parts import Containerd, KubeProxy, Network, Part, all_parts
from local.places import Places
from local.problems import CommandFailedError
from local.stack import Stack

# Those that look at others or give them work stop first; each row at once.
ROWS = (
    ("prometheus", "monitoring-loader", "kube-state-metrics"),
    ("kubelet", "kwok", "kube-proxy", "envoy", "contour", "controller-manager", "scheduler"),
    ("apiserver",),
)
POD_GRACE_SECONDS = 5
MOUNTS = Path("/proc/self/mountinfo")
# Where kubelet keeps these whatever it is told.
KUBELET_LEFTOVERS = (
    "/var/lib/kubelet/device-plugins/kubelet.sock",
    "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint",
)
KUBELET_FOLDERS = ("/var/lib/kubelet/device-plugins", "/var/lib/kubelet", "/var/log/containers")


def down(stack: Stack) -> None:
    """Stop everything; data stays. Safe to run again, and after anything was killed."""
    with one_at_a_time(stack.places):
        _down(stack)


def clean(stack: Stack) -> None:
    """Stop everything and delete .local, and nothing else."""
    with one_at_a_time(stack.places):
        _down(stack)
        shutil.rmtree(stack.places.local)
    stack.report.line(f"deleted {stack.places.local}")


def _down(stack: Stack) -> None:
    packages.tidy_up()
    parts = {part.name: part for part in all_parts(stack)}
    for row in ROWS:
        stop_all(stack, [parts.pop(name) for name in row])
    containerd, network = Containerd(stack), Network(stack)
    if shutil.which("nft"):
        KubeProxy(stack).remove_rules()
    with stack.report.step("stop containers"):
        stop_containers(stack.places, containerd)
    stop_all(stack, [part for part in parts.values() if part.name != network.name])
    unmount_below(stack.places.local)
    if shutil.which("ip") and network.stop():
        stack.report.line("removed the bridges")
    containerd.forget_networks()
    forget_kubelet(stack.places)
    cgroups.remove(stack.places.root)
    kernel_settings.put_back(stack.places)
    (stack.places.run / "node").unlink(missing_ok=True)
    stack.report.line("everything is stopped; data stays in .local (make clean deletes it)")


def stop_all(stack: Stack, parts: list[Part]) -> None:
    """Stop `parts` at once."""

    def stop(part: Part) -> None:
        if part.stop():
            stack.report.line(f"stopped {part.name}")

    with ThreadPoolExecutor(max_workers=max(len(parts), 1)) as pool:
        list(pool.map(stop, parts))


def stop_containers(places: Places, containerd: Containerd) -> None:
    """Ask all containers to end, then end them; their shims end with them.

    Without containerd (it crashed, or was killed) the pids that the shims wrote down are used.
    """
    with contextlib.suppress(CommandFailedError):
        if containerd.pid is not None:
            tasks = containerd.ctr("tasks", "list", "--quiet").split()
            for task in tasks:
                with contextlib.suppress(CommandFailedError):
                    containerd.ctr("tasks", "kill", "--signal=SIGTERM", task, timeout=10)
            wait_stopped(containerd, tasks)
            if tasks:
                containerd.ctr("tasks", "delete", "--force", *tasks)
            if known := containerd.ctr("containers", "list", "--quiet").split():
                containerd.ctr("containers", "delete", *known)
    kill_shims(places)


def wait_stopped(containerd: Containerd, tasks: list[str]) -> None:
    """Wait until none of `tasks` runs, for as long as a pod may take here."""
    deadline = time.monotonic() + POD_GRACE_SECONDS
    while tasks and time.monotonic() < deadline:
        if " RUNNING" not in containerd.ctr("tasks", "list"):
            return
        time.sleep(0.2)


def kill_shims(places: Places) -> None:
    """Kill what containerd's own records name as shim or container of ours and is one still."""
    tasks = places.run / "containerd" / "io.containerd.runtime.v2.task"
    for record in tasks.glob("*/*/*.pid"):
        pid = int(record.read_text().strip() or 0)
        if pid and belongs_to(pid, record.parent.name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def belongs_to(pid: int, container: str) -> bool:
    """Whether `pid` is the shim or a process of `container`, and not a recycled pid."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        groups = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
    return container in groups or ("containerd-shim" in command and container in command)


def unmount_below(folder: Path) -> None:
    """Unmount everything below `folder`, innermost first."""
    for point in mount_points(MOUNTS.read_text(), folder):
        try:
            run(["umount", point])
        except CommandFailedError:
            run(["umount", "--lazy", point])


def mount_points(mountinfo: str, folder: Path) -> list[str]:
    """Return the mount points below `folder`, the last mounted first."""
    points = [line.split()[4].encode().decode("unicode_escape") for line in mountinfo.splitlines()]
    return [point for point in reversed(points) if point.startswith(f"{folder}/")]


def forget_kubelet(places: Places) -> None:
    """Remove what kubelet left outside of .local, unless another one has put things there."""
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(str(places.local)):
            link.unlink()
    if not listening(KUBELET_LEFTOVERS[0]):
        for left in KUBELET_LEFTOVERS:
            Path(left).unlink(missing_ok=True)
    for folder in KUBELET_FOLDERS:
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def listening(path: str) -> bool:
    """Whether a process answers on the Unix socket `path`: another kubelet on this machine."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0
