"""What comes from Debian: only what is missing is installed, and no service of it is started."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from local.commands import tail
from local.parts import containerd, postgres
from local.places import Places
from local.problems import CommandFailedError

INSTALLER = Path(__file__).with_name("install_packages.sh")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Tool:
    """Something a Debian package brings; `is_there` looks for the thing, not for the package."""

    name: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]


def program(name: str, *packages: str) -> Tool:
    """Return a tool that is a program on PATH."""
    path = os.environ.get("PATH", "") + ":" + SYSTEM_PATH
    return Tool(name, packages or (name,), lambda: shutil.which(name, path=path) is not None)


def _cni_there() -> bool:
    return any(Path(folder, "host-local").exists() for folder in containerd.CNI_PLUGINS)


def _postgres_there() -> bool:
    versions = [int(path.parent.parent.name) for path in postgres.candidates()]
    return any(version >= postgres.OLDEST_VERSION for version in versions)


# Where there are several packages the first that Debian offers is taken.
TOOLS = (
    program("etcd", "etcd-server"),
    program("containerd"),
    program("ctr", "containerd"),
    program("runc"),
    program("redis-server"),
    program("mmdebstrap"),
    program("ip", "iproute2"),
    program("nft", "nftables"),
    program("setpriv", "util-linux"),
    Tool("CNI plugins", ("containernetworking-plugins",), _cni_there),
    Tool("PostgreSQL", ("postgresql-15", "postgresql"), _postgres_there),
    program("prometheus"),
    program("promtool", "prometheus"),
    program("prometheus-alertmanager"),
    program("amtool", "prometheus-alertmanager"),
    program("prometheus-node-exporter"),
    program("prometheus-postgres-exporter"),
    Tool("certificates", ("ca-certificates",), lambda: Path("/etc/ssl/certs").is_dir()),
)
# Only the tests need it, so nothing waits for it but the end of `up`.
BROWSER = (program("chromium"),)


def missing(tools: Iterable[Tool]) -> list[Tool]:
    """Return the tools that this machine lacks."""
    return [tool for tool in tools if not tool.is_there()]


def install(tools: Iterable[Tool], places: Places) -> None:
    """Install what is missing of `tools`; raise CommandFailedError with what apt-get said."""
    lacking = missing(tools)
    if not lacking:
        return
    log = places.log / "packages.log"
    _installer([_offered(tool.packages) for tool in lacking], log)
    if still := missing(lacking):
        names = ", ".join(tool.name for tool in still)
        raise CommandFailedError(f"apt-get ended well, but {names} can't be found: see {log}")


def tidy_up() -> None:
    """Remove what a killed installation left: nothing may go on forbidding services."""
    if os.geteuid() == 0:
        subprocess.run([INSTALLER, "--undo"], check=False)


def _installer(packages: list[str], log: Path) -> None:
    """Run the installer in a session of its own: it ends even if we are interrupted."""
    with log.open("ab") as output:
        done = subprocess.run(
            [INSTALLER, *dict.fromkeys(packages)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=False,
        )
    if done.returncode != 0:
        raise CommandFailedError(
            f"apt-get install {' '.join(packages)}: exit code {done.returncode}. "
            f"End of {log}:\n{tail(log.read_text(errors='replace'))}"
        )


def _offered(packages: tuple[str, ...]) -> str:
    """Return the first of `packages` that Debian's lists know; the first where none is known."""
    for package in packages if len(packages) > 1 else ():
        shown = subprocess.run(
            ["apt-cache", "show", "--no-all-versions", package], capture_output=True, check=False
        )
        if shown.returncode == 0:
            return package
    return packages[0]
