"""The rollback agent's image: the agent and the library under it, nothing else of this clone."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.addresses import AGENT_IMAGE
from local.images.archive import Image, ImageConfig, Layer, write_layer
from local.images.debian import PYTHON_ENVIRONMENT, compile_in, run_python
from local.images.layers import NO_BYTECODE, LayerStore, unpacked
from local.images.recipe import Archive, architecture

CODE = ("agent", "ops")
REQUIREMENTS = "requirements-agent.txt"


@dataclass(frozen=True)
class AgentImage:
    """There is one at a time: the clone's own, whatever it is like now."""

    tag: str = AGENT_IMAGE
    context: Path = Path()
    dockerfile: Path = Path("agent/Dockerfile")

    @property
    def labels(self) -> dict[str, str]:
        """What the image says about itself."""
        return {"org.opencontainers.image.title": "legal-ai-agent"}

    @property
    def build_arguments(self) -> dict[str, str]:
        """The Dockerfile takes none."""
        return {}


def agent_archive(root: Path) -> Archive:
    """Return the archive of the agent's image."""
    return Archive(
        "legal-ai-agent",
        [AgentImage()],
        [root / name for name in (*CODE, REQUIREMENTS)],
    )


def agent_image(root: Path, image: AgentImage, store: LayerStore) -> Image:
    """Return the image of the agent as the clone at `root` has it."""
    base = store.python_base()
    packages = store.python_packages("agent", root / REQUIREMENTS)

    def code(out: Path) -> Layer:
        with unpacked(base, packages) as tree:
            _copy(root, tree / "app")
            compile_in(tree, "/app")
            # Whatever it imports that the image lacks is found out here, not in a pod.
            run_python(tree, "-c", "import agent.__main__", folder="/app")
            return write_layer(tree, out, ["app"])

    inputs: Sequence[Path] = [root / name for name in CODE]
    layers = [base, packages, store.kept("agent-code", inputs, code)]
    return Image(image.tag, _config(image), layers)


def _copy(root: Path, app: Path) -> None:
    for name in CODE:
        shutil.copytree(root / name, app / name, ignore=NO_BYTECODE)


def _config(image: AgentImage) -> ImageConfig:
    return ImageConfig(
        command=["python3", "-m", "agent"],
        architecture=architecture(),
        folder="/app",
        env=PYTHON_ENVIRONMENT,
        labels=image.labels,
        port=8080,
    )
