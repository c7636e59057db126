"""Which Pulumi is used: the official command, language host and provider, or else ours."""

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.builds import PULUMI, Builder
from local.places import Places

LANGUAGE_HOST = "pulumi-language-python"
KUBERNETES_PLUGIN = "pulumi-resource-kubernetes"
# Stand-ins that speak the plugin protocol: launcher on PATH -> program in local/plugins.
STAND_INS = {
    LANGUAGE_HOST: "language_host.py",
    KUBERNETES_PLUGIN: "kubernetes_provider.py",
    "pulumi-resource-aws": "aws_provider.py",
}
# Byte code is kept, whatever the shell says: these start anew with every command.
LAUNCHER = """\
#!/bin/sh
unset PYTHONDONTWRITEBYTECODE
exec {python} {program} "$@"
"""


@dataclass(frozen=True)
class PulumiTools:
    """What was found on this machine; None is where ours is used."""

    command: Path | None
    kubernetes_plugin: Path | None

    def in_use(self, version: str) -> list[str]:
        """Say in a line each which ones are in use."""
        command = f"official, {self.command}" if self.command else f"built here, {version}"
        plugin = self.kubernetes_plugin
        provider = f"official, {plugin}" if plugin else "stand-in, local/plugins"
        return [
            f"pulumi and its Python language host: {command}",
            f"Kubernetes provider: {provider}",
        ]


def find(places: Places, path: str | None = None, home: Path | None = None) -> PulumiTools:
    """Look for the official ones: on PATH outside of .local, and in the user's plugin folder."""
    searched = outside(places, os.environ.get("PATH", "") if path is None else path)
    command = shutil.which("pulumi", path=searched)
    host = shutil.which(LANGUAGE_HOST, path=searched)
    official = Path(command) if command and host else None
    return PulumiTools(official, official_plugin((home or Path.home()) / ".pulumi" / "plugins"))


def outside(places: Places, path: str) -> str:
    """Return PATH without the folders of this clone."""
    own = {str(places.plugins), str(places.bin), str(places.python.parent)}
    return ":".join(folder for folder in path.split(":") if folder and folder not in own)


def official_plugin(folder: Path) -> Path | None:
    """Return the newest Kubernetes provider in a plugin folder."""
    found: dict[tuple[int, ...], Path] = {}
    for path in folder.glob(f"resource-kubernetes-v*/{KUBERNETES_PLUGIN}"):
        version = re.fullmatch(r"resource-kubernetes-v(\d+)\.(\d+)\.(\d+)", path.parent.name)
        if version and os.access(path, os.X_OK):
            found[tuple(int(part) for part in version.groups())] = path
    return found[max(found)] if found else None


def install(places: Places, tools: PulumiTools) -> None:
    """Put launchers of ours on PATH where the official ones are missing; remove them elsewhere."""
    places.plugins.mkdir(parents=True, exist_ok=True)
    for name, program in STAND_INS.items():
        launcher, source = places.plugins / name, places.root / "local" / "plugins" / program
        launcher.unlink(missing_ok=True)
        if name == KUBERNETES_PLUGIN and tools.kubernetes_plugin:
            launcher.symlink_to(tools.kubernetes_plugin)
        elif source.exists() and not (name == LANGUAGE_HOST and tools.command):
            text = LAUNCHER.format(
                python=shlex.quote(str(places.python)), program=shlex.quote(str(source))
            )
            launcher.write_text(text)
            launcher.chmod(0o755)
    if tools.command:  # it would come first on PATH
        (places.bin / "pulumi").unlink(missing_ok=True)


def lines_in_use(places: Places, tools: PulumiTools) -> list[str]:
    """Say which ones are in use."""
    return tools.in_use(Builder(places).version(PULUMI))
