"""Which Pulumi is used: the official command, language host and provider, or else ours."""

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.builds import PULUMI, Builder
from local.places import Places

LANGUAGE_HOST = "pulumi-language-python"
PROVIDERS = {
    "pulumi-resource-kubernetes": "Kubernetes provider",
    "pulumi-resource-aws": "AWS provider",
}
# Stand-ins that speak the plugin protocol: launcher on PATH -> program in local/plugins.
STAND_INS = {
    LANGUAGE_HOST: "language_host.py",
    "pulumi-resource-kubernetes": "kubernetes_provider.py",
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
    """What was found on this machine; ours are used for what was not."""

    command: Path | None
    providers: Mapping[str, Path]
    """The official ones, by the names of their programs."""

    def in_use(self, version: str) -> list[str]:
        """Say in a line each which ones are in use."""
        command = f"official, {self.command}" if self.command else f"built here, {version}"
        lines = [f"pulumi and its Python language host: {command}"]
        for program, title in PROVIDERS.items():
            found = self.providers.get(program)
            lines.append(f"{title}: {f'official, {found}' if found else 'stand-in, local/plugins'}")
        return lines


def find(places: Places, path: str | None = None, home: Path | None = None) -> PulumiTools:
    """Look for the official ones: on PATH outside of .local, and in the user's plugin folder."""
    searched = outside(places, os.environ.get("PATH", "") if path is None else path)
    command = shutil.which("pulumi", path=searched)
    host = shutil.which(LANGUAGE_HOST, path=searched)
    official = Path(command) if command and host else None
    folder = (home or Path.home()) / ".pulumi" / "plugins"
    found = {program: official_plugin(folder, program) for program in PROVIDERS}
    return PulumiTools(official, {name: path for name, path in found.items() if path})


def outside(places: Places, path: str) -> str:
    """Return PATH without the folders of this clone."""
    own = {str(places.plugins), str(places.bin), str(places.python.parent)}
    return ":".join(folder for folder in path.split(":") if folder and folder not in own)


def official_plugin(folder: Path, program: str) -> Path | None:
    """Return the newest plugin of that name in a plugin folder."""
    found: dict[tuple[int, ...], Path] = {}
    kind = program.removeprefix("pulumi-")
    for path in folder.glob(f"{kind}-v*/{program}"):
        version = re.fullmatch(rf"{kind}-v(\d+)\.(\d+)\.(\d+)", path.parent.name)
        if version and os.access(path, os.X_OK):
            found[tuple(int(part) for part in version.groups())] = path
    return found[max(found)] if found else None


def install(places: Places, tools: PulumiTools) -> None:
    """Put launchers of ours on PATH where the official ones are missing; remove them elsewhere."""
    places.plugins.mkdir(parents=True, exist_ok=True)
    for name, program in STAND_INS.items():
        launcher, source = places.plugins / name, places.root / "local" / "plugins" / program
        launcher.unlink(missing_ok=True)
        if name in tools.providers:
            launcher.symlink_to(tools.providers[name])
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
