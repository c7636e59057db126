"""The sample app's images: its releases, their inputs, labels and build arguments."""

import json
from dataclasses import dataclass
from pathlib import Path

from local.images.recipe import Archive

APP = Path("sample_app")
SERVICES = ("backend", "frontend")
LABEL_VERSION = "org.opencontainers.image.version"
LABEL_LEVEL = "legal-ai-system.com/schema-level"
LABEL_NEEDS = "legal-ai-system.com/schema-needs"


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

    @property
    def context(self) -> Path:
        """The service's folder."""
        return APP / self.service

    @property
    def dockerfile(self) -> Path:
        """The service's Dockerfile."""
        return self.context / "Dockerfile"


def app_archives(root: Path) -> list[Archive]:
    """Return an archive for each service, with the images of every release."""
    text = (root / APP / "backend" / "releases.json").read_text()
    releases = [Release(version, **levels) for version, levels in json.loads(text).items()]
    return [
        Archive(
            f"legal-ai-{service}",
            [AppImage(service, release) for release in releases],
            [root / APP / service],
        )
        for service in SERVICES
    ]
