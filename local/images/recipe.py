"""What the builders must know of an image, whichever it is."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Recipe(Protocol):
    """One image: its name, what it says of itself, and what a Docker engine is given.

    `context` and `dockerfile` are relative to the clone.
    """

    @property
    def tag(self) -> str:
        """The name that pods use."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What the image says about itself."""

    @property
    def build_arguments(self) -> Mapping[str, str]:
        """The Dockerfile's arguments."""

    @property
    def context(self) -> Path:
        """The folder that the Dockerfile copies from."""

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile."""


@dataclass(frozen=True)
class Archive:
    """Images that are kept in one tar, and the files and folders (of the clone) that they need."""

    name: str
    images: Sequence[Recipe]
    inputs: Sequence[Path]


def architecture() -> str:
    """Return this machine's architecture as images name it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)
