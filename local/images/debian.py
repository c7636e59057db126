"""Root file systems from Debian packages, for machines without a Docker engine."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.commands import run
from local.problems import CommandFailedError, LocalStackError

SUITE = "bookworm"
SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
BUILD_SECONDS = 600
# What a container with Python of ours starts with.
PYTHON_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/app",
    "PYTHONUNBUFFERED": "1",
}

# Neither read by a program at run time nor by anybody in a container.
UNUSED = (
    "dev", "proc", "sys", "boot", "media", "mnt", "srv", "home", "opt",
    "etc/apt", "etc/cron.daily", "etc/dpkg", "etc/fstab", "etc/hostname", "etc/logrotate.d",
    "etc/resolv.conf", "lib/systemd",
    "usr/bin/dpkg*", "usr/bin/perl*", "usr/games", "usr/include", "usr/sbin/*",
    "usr/lib/*/gconv", "usr/lib/*/perl-base", "usr/lib/apt", "usr/lib/dpkg",
    "usr/lib/python3*/ensurepip", "usr/lib/python3*/lib2to3", "usr/lib/python3*/pydoc_data",
    "usr/share/bash-completion", "usr/share/doc*", "usr/share/dpkg", "usr/share/info",
    "usr/share/lintian", "usr/share/locale", "usr/share/man", "usr/share/perl5",
    "usr/share/polkit-1", "usr/share/common-licenses", "var/*",
)  # fmt: skip

FILES = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/usr/sbin/nologin\napp:x:10001:10001:app:/app:/usr/sbin/nologin\n"
    ),
    "etc/group": "root:x:0:\napp:x:10001:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def sources() -> list[str]:
    """Return Debian's sources as this machine's apt has them; none on another system."""
    form = "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)"
    try:
        listed = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    except CommandFailedError:
        return []
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    found = []
    for line in listed.splitlines():
        origin, uri, codename, component = line.split("|")
        if origin == "Debian" and codename in SUITES and component == "main":
            found.append(f"deb {signed}{uri} {codename} main")
    has_base = any(line.endswith(f" {SUITE} main") for line in found)
    return sorted(set(found)) if has_base else []


@contextmanager
def debian_tree(packages: Sequence[str]) -> Iterator[Path]:
    """Give a root file system that holds `packages` and what they need, unconfigured.

    Raises LocalStackError where mmdebstrap or root's rights are missing, CommandFailedError where
    it fails.
    """
    if shutil.which("mmdebstrap") is None:
        raise LocalStackError(
            "images can't be built: no Docker engine answers and there is no mmdebstrap. "
            "Start Docker, or: apt-get install mmdebstrap"
        )
    if os.geteuid() != 0:
        raise LocalStackError(
            "images from Debian packages are built as root: run this as root, or start Docker"
        )
    with tempfile.TemporaryDirectory(prefix="legal-ai-image-") as name:
        tree = Path(name) / "root"
        run(
            ["mmdebstrap", "--quiet", "--mode=root", "--variant=extract", "--format=directory",
             f"--include={','.join(packages)}", SUITE, tree, *sources()],
            timeout=BUILD_SECONDS,
        )  # fmt: skip
        _prune(tree)
        _add_files(tree)
        yield tree


def run_python(tree: Path, *words: str, folder: str = "/") -> None:
    """Run the Python of `tree` inside it, with modules from `folder`. Raises CommandFailedError."""
    env = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": folder,
    }
    run(["chroot", tree, "/usr/bin/python3", *words], env=env, timeout=BUILD_SECONDS)


def compile_in(tree: Path, *folders: str) -> None:
    """Compile the Python modules in `folders` with the Python of `tree`.

    The bytecode is not compared with its source when it is loaded: layers carry no times.
    """
    run_python(tree, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *folders)


def _prune(tree: Path) -> None:
    for pattern in UNUSED:
        for path in tree.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _add_files(tree: Path) -> None:
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    temporary = tree / "tmp"
    temporary.mkdir(exist_ok=True)
    temporary.chmod(0o1777)
