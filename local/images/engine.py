"""Images from the committed Dockerfiles, where a Docker engine answers."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from local.commands import run
from local.images.archive import replacing
from local.images.recipe import Recipe
from local.problems import CommandFailedError

ANSWER_SECONDS = 10
BUILD_SECONDS = 900


def engine_answers() -> bool:
    """Whether there is a Docker client here whose engine answers."""
    if shutil.which("docker") is None:
        return False
    try:
        run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=ANSWER_SECONDS)
    except CommandFailedError:
        return False
    return True


def build_with_engine(root: Path, images: Sequence[Recipe], out: Path) -> None:
    """Build the images and save them to `out` together. Raises CommandFailedError."""
    for image in images:
        arguments = [
            word
            for name, value in image.build_arguments.items()
            for word in ("--build-arg", f"{name}={value}")
        ]
        file = root / image.dockerfile
        run(
            ["docker", "build", "--tag", image.tag, "--file", file, *arguments,
             root / image.context],
            timeout=BUILD_SECONDS,
        )  # fmt: skip
    tags = [image.tag for image in images]
    with replacing(out) as partial:
        run(["docker", "save", "--output", partial, *tags], timeout=BUILD_SECONDS)
