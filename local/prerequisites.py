"""What must be there before anything is changed: all that is missing is named at once."""

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from local import packages
from local.parts import Daemon, all_parts
from local.places import Places
from local.problems import PrerequisitesError, Problem
from local.stack import Stack

OLDEST_PYTHON = (3, 11)
OLDEST_GO = (1, 26)
BUILD_DISK_GB = 8
MEMORY_GB = 3.5
# Unix sockets allow 107 bytes; the longest below the clone takes 47 of them.
LONGEST_ROOT = 60
GO_URL = "https://go.dev/dl/"
Check = Callable[[], Iterable[Problem]]


def require(checks: Iterable[Check]) -> None:
    """Raise PrerequisitesError with everything that `checks` find."""
    if problems := [problem for check in checks for problem in check()]:
        raise PrerequisitesError(problems)


def of_the_stack(stack: Stack, builds_needed: bool) -> list[Check]:
    """Return the checks for running everything here."""
    checks: list[Check] = [
        is_linux,
        is_root,
        has_python,
        lambda: short_path(stack.places.root),
        lambda: has_tools(packages.missing(packages.TOOLS)),
        has_memory,
        lambda: free_ports(stack),
    ]
    return [*checks, *of_builds(stack.places, builds_needed)]


def of_builds(places: Places, needed: bool) -> list[Check]:
    """Return the checks for building, where something has to be built."""
    return [has_go, lambda: has_disk(places.local)] if needed else []


def is_linux() -> Iterable[Problem]:
    """The kernel: containers, bridges and pidfds are Linux's."""
    if platform.system() != "Linux":
        yield Problem(
            f"this is {platform.system()}, and the local stack runs on Linux",
            "use a Linux machine, or an existing cluster: make up KUBE_CONTEXT=name",
        )


def is_root() -> Iterable[Problem]:
    """Rights: a bridge, containers and packages need them."""
    if os.geteuid() != 0:
        yield Problem(
            f"you are not root (user id {os.geteuid()})",
            "run it as root: sudo --preserve-env=PATH make up",
        )


def has_python() -> Iterable[Problem]:
    """The interpreter."""
    if sys.version_info < OLDEST_PYTHON:
        yield Problem(
            f"Python {platform.python_version()} is too old, 3.11 or newer is needed",
            "install it, delete .venv, and say which one: make up PYTHON=python3.12",
        )


def has_go() -> Iterable[Problem]:
    """The Go compiler, as it would build our modules (a newer toolchain may be fetched by it)."""
    remedy = f"install Go 1.26 or newer from {GO_URL} and put its bin folder on PATH"
    if shutil.which("go") is None:
        yield Problem("there is no Go compiler on PATH", remedy)
        return
    module = Path(__file__).parent / "build" / "pause"
    told = subprocess.run(
        ["go", "version"], cwd=module, capture_output=True, text=True, check=False
    )
    version = go_version(told.stdout)
    if told.returncode != 0 or version is None:
        said = (told.stderr or told.stdout).strip()
        yield Problem(f"Go can't build modules of version 1.26: {said}", remedy)
    elif version < OLDEST_GO:
        yield Problem(f"{told.stdout.strip()} is too old, 1.26 or newer is needed", remedy)


def go_version(text: str) -> tuple[int, int] | None:
    """Return major and minor of what `go version` printed."""
    found = re.search(r"go(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def short_path(root: Path) -> Iterable[Problem]:
    """Where the clone is: sockets below it have a limit."""
    if len(os.fsencode(root)) > LONGEST_ROOT:
        yield Problem(
            f"the path of this clone is longer than {LONGEST_ROOT} bytes ({root}): "
            "Unix sockets in it could not be opened",
            "move the clone to a shorter path, for example /srv/legal-ai",
        )


def has_tools(lacking: list[packages.Tool]) -> Iterable[Problem]:
    """Debian's packages, or their programs from elsewhere."""
    if lacking and shutil.which("apt-get") is None:
        names = ", ".join(tool.name for tool in lacking)
        yield Problem(
            f"there is no apt-get to install what is missing: {names}",
            "install these with this system's own package manager, then run this again",
        )


def has_memory() -> Iterable[Problem]:
    """Memory: the stack takes about 2 GB, the compilers more."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if pages < MEMORY_GB * 1e9:
        yield Problem(
            f"this machine has {pages / 1e9:.1f} GB of memory, {MEMORY_GB} GB is the least",
            "use a larger machine, or an existing cluster: make up KUBE_CONTEXT=name",
        )


def has_disk(local: Path) -> Iterable[Problem]:
    """Disk: Go's caches and what is built."""
    for folder in {_existing(local), _existing(Path.home())}:
        free = shutil.disk_usage(folder).free / 1e9
        if free < BUILD_DISK_GB:
            yield Problem(
                f"only {free:.1f} GB free where {folder} is; building takes {BUILD_DISK_GB} GB",
                "free some space, or point GOCACHE and GOMODCACHE at a larger disk",
            )
            return


def free_ports(stack: Stack) -> Iterable[Problem]:
    """Ports of parts that do not run yet."""
    for part in all_parts(stack):
        if isinstance(part, Daemon) and part.wanted and part.pid is None:
            for port in part.ports:
                if taken(port):
                    yield Problem(
                        f"port {port}, which {part.name} needs, is taken by {holder(port)}",
                        "end that program (if it is another clone's local stack: make down there)",
                    )


def taken(port: int) -> bool:
    """Whether somebody listens on `port` on any address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def holder(port: int) -> str:
    """Say which process listens on `port`, as far as /proc tells."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found = any(_target(link) in inodes for link in (process / "fd").iterdir())
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if found:
            return f"pid {process.name} ({command[:80].strip()})"
    return "a process that this user can't see"


def _target(link: Path) -> str:
    """Return where a link of /proc points; nothing once its file is closed."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
