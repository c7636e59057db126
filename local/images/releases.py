"""Which images there are: the sample app's releases, their inputs, labels and build arguments."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path

APP = "sample_app"
SERVICES = ("backend", "frontend")
LABEL_VERSION = "org.opencontainers.image.version"
LABEL_LEVEL = "legal-ai-system.com/schema-level"
LABEL_NEEDS = "legal-ai-system.com/schema-needs"

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Release:
    """One version of the sample app, with its schema levels from releases.json."""

    version: str
    level: int
    needs: int


@dataclass(frozen=True)
class AppImage:
    """One service in one release."""

    service: str
    release: Release

    @property
    def tag(self) -> str:
        """The name that pods use."""
        return f"localhost/legal-ai-{self.service}:{self.release.version}"

    @property
    def labels(self) -> dict[str, str]:
        """What the image says about itself; schema levels for the one that has a schema."""
        labels = {
            "org.opencontainers.image.title": f"legal-ai-{self.service}",
            LABEL_VERSION: self.release.version,
        }
        if self.service == "backend":
            labels[LABEL_LEVEL] = str(self.release.level)
            labels[LABEL_NEEDS] = str(self.release.needs)
        return labels

    @property
    def build_arguments(self) -> dict[str, str]:
        """The Dockerfile's arguments."""
        arguments = {"VERSION": self.release.version}
        if self.service == "backend":
            arguments["SCHEMA_LEVEL"] = str(self.release.level)
            arguments["SCHEMA_NEEDS"] = str(self.release.needs)
        return arguments


def app_images(root: Path) -> dict[str, list[AppImage]]:
    """Return the images of every release, by service."""
    text = (root / APP / "backend" / "releases.json").read_text()
    releases = [Release(version, **levels) for version, levels in json.loads(text).items()]
    return {service: [AppImage(service, one) for one in releases] for service in SERVICES}


def architecture() -> str:
    """Return this machine's architecture as images name it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)
