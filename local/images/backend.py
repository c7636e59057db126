"""The backend's layers: base, Python packages, code, and what differs from release to release."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.commands import run
from local.images.archive import Image, ImageConfig, Layer, write_layer
from local.images.debian import PYTHON_ENVIRONMENT, compile_in, run_python
from local.images.layers import NO_BYTECODE, LayerStore, unpacked
from local.images.recipe import architecture
from local.images.releases import AppImage

VERSIONS = "app/legal_ai/migrations/versions"
INPUTS = ("legal_ai", "alembic.ini", "bake.py", "releases.json")

_ALEMBIC = "#!/usr/bin/python3\nfrom alembic.config import main\n\nmain()\n"


def backend_image(root: Path, image: AppImage, store: LayerStore) -> Image:
    """Return the image of one release."""
    source, version = root / image.context, image.release.version
    base = store.python_base()
    packages = store.python_packages(
        "python", source / "requirements.txt", programs={"alembic": _ALEMBIC}
    )
    inputs = [source / name for name in INPUTS]

    def code(out: Path) -> Layer:
        with _baked(source, version, base, packages) as tree:
            shutil.rmtree(tree / VERSIONS)
            return write_layer(tree, out, ["app/legal_ai", "app/alembic.ini"])

    def release(out: Path) -> Layer:
        with tempfile.TemporaryDirectory() as name:
            _bake(source, version, Path(name) / "app")
            return write_layer(Path(name), out, [VERSIONS, "app/VERSION", "app/release.json"])

    layers = [
        base,
        packages,
        store.kept("backend-code", inputs, code),
        store.kept(f"backend-release-{version}", inputs, release),
    ]
    return Image(image.tag, _config(image), layers)


@contextmanager
def _baked(source: Path, version: str, *under: Layer) -> Iterator[Path]:
    with unpacked(*under) as tree:
        _bake(source, version, tree / "app")
        compile_in(tree, "/app")
        run_python(tree, "-c", "import legal_ai.__main__, legal_ai.migrate.__main__", folder="/app")
        yield tree


def _bake(source: Path, version: str, app: Path) -> None:
    """Put the backend's source into `app` and make it one release."""
    shutil.copytree(source / "legal_ai", app / "legal_ai", ignore=NO_BYTECODE)
    for name in ("alembic.ini", "releases.json"):
        shutil.copy(source / name, app)
    run([sys.executable, source / "bake.py", version, app])


def _config(image: AppImage) -> ImageConfig:
    return ImageConfig(
        command=["python3", "-m", "legal_ai"],
        architecture=architecture(),
        folder="/app",
        env=PYTHON_ENVIRONMENT,
        labels=image.labels,
        port=8000,
    )
