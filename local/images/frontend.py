"""The frontend's layers: base, code, and the version."""

import shutil
import tempfile
from pathlib import Path

from local.images.archive import Image, ImageConfig, Layer, write_layer
from local.images.layers import LayerStore
from local.images.recipe import architecture
from local.images.releases import AppImage

NODE = ("nodejs", "dash")


def frontend_image(root: Path, image: AppImage, store: LayerStore) -> Image:
    """Return the image of one release."""
    source, version = root / image.context, image.release.version

    def code(out: Path) -> Layer:
        with tempfile.TemporaryDirectory() as name:
            app = Path(name) / "app"
            shutil.copytree(source / "page", app / "page")
            shutil.copy(source / "server.mjs", app)
            return write_layer(Path(name), out, ["app"])

    def release(out: Path) -> Layer:
        with tempfile.TemporaryDirectory() as name:
            app = Path(name) / "app"
            app.mkdir()
            (app / "VERSION").write_text(f"{version}\n")
            return write_layer(Path(name), out, ["app/VERSION"])

    layers = [
        store.debian("node", NODE),
        store.kept("frontend-code", [source / "server.mjs", source / "page"], code),
        store.kept(f"frontend-release-{version}", [], release),
    ]
    return Image(image.tag, _config(image), layers)


def _config(image: AppImage) -> ImageConfig:
    return ImageConfig(
        command=["node", "server.mjs"],
        architecture=architecture(),
        folder="/app",
        env={"NODE_ENV": "production", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        labels=image.labels,
        port=3000,
    )
