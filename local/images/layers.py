"""The sample app's layers from Debian packages: base, Python packages, code, release.

Each is kept under `.local/images/layers` by the checksum of what made it; tags share all but the
last.
"""

import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.commands import run
from local.images.archive import Image, ImageConfig, Layer, write_images, write_layer
from local.images.checksum import checksum
from local.images.debian import compile_in, debian_tree, run_python
from local.images.releases import APP, AppImage, architecture

# libstdc++ is for greenlet; dash for people with `kubectl exec`.
PYTHON = ("python3-minimal", "libpython3.11-stdlib", "libstdc++6", "dash")
NODE = ("nodejs", "dash")
SITE = "usr/local/lib/python3.11/dist-packages"
VERSIONS = "app/legal_ai/migrations/versions"
INSTALL_SECONDS = 600

_PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
_ALEMBIC = "#!/usr/bin/python3\nfrom alembic.config import main\n\nmain()\n"
_NO_BYTECODE = shutil.ignore_patterns("__pycache__")


class Workshop:
    """Builds images of the clone at `root`, keeping layers in `folder`."""

    def __init__(self, root: Path, folder: Path, report: Callable[[str], None]) -> None:
        self._root = root
        self._folder = folder
        self._report = report
        self._found: dict[Path, Layer] = {}

    def build(self, images: Sequence[AppImage], out: Path) -> None:
        """Build `images` into the archive `out`."""
        write_images(out, [self._image(image) for image in images])

    def _image(self, image: AppImage) -> Image:
        if image.service == "backend":
            return Image(image.tag, _backend_config(image), self._backend(image))
        return Image(image.tag, _frontend_config(image), self._frontend(image))

    def _backend(self, image: AppImage) -> list[Layer]:
        source, version = self._root / APP / "backend", image.release.version
        base = self._python_base()
        packages = self._kept(
            "python-packages",
            [source / "requirements.txt"],
            lambda out: _packages(source, base, out),
        )
        tree_inputs = [
            source / name for name in ("legal_ai", "alembic.ini", "bake.py", "releases.json")
        ]

        def code(out: Path) -> Layer:
            with _baked(source, version, base, packages) as tree:
                shutil.rmtree(tree / VERSIONS)
                return write_layer(tree, out, ["app/legal_ai", "app/alembic.ini"])

        def release(out: Path) -> Layer:
            with tempfile.TemporaryDirectory() as name:
                _bake(source, version, Path(name) / "app")
                return write_layer(Path(name), out, [VERSIONS, "app/VERSION", "app/release.json"])

        return [
            base,
            packages,
            self._kept("backend-code", tree_inputs, code),
            self._kept(f"backend-release-{version}", tree_inputs, release),
        ]

    def _frontend(self, image: AppImage) -> list[Layer]:
        source, version = self._root / APP / "frontend", image.release.version

        def base(out: Path) -> Layer:
            self._report("node base: Debian packages")
            with debian_tree(NODE) as tree:
                return write_layer(tree, out)

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

        inputs = [source / "server.mjs", source / "page"]
        return [
            self._kept("node-base", [], base, *NODE),
            self._kept("frontend-code", inputs, code),
            self._kept(f"frontend-release-{version}", [], release),
        ]

    def _python_base(self) -> Layer:
        def make(out: Path) -> Layer:
            self._report("python base: Debian packages")
            with debian_tree(PYTHON) as tree:
                compile_in(tree, "/usr/lib/python3.11")
                return write_layer(tree, out)

        return self._kept("python-base", [], make, *PYTHON)

    def _kept(
        self, name: str, inputs: Sequence[Path], make: Callable[[Path], Layer], *facts: str
    ) -> Layer:
        builders = list(Path(__file__).parent.glob("*.py"))
        number = checksum(self._root, [*inputs, *builders], architecture(), *facts)
        out = self._folder / "layers" / f"{name}-{number[:16]}.tar"
        if out not in self._found:
            outdated = [] if out.exists() else list(out.parent.glob(f"{name}-{'?' * 16}.tar"))
            self._found[out] = Layer.of(out) if out.exists() else make(out)
            for path in outdated:
                path.unlink()
        return self._found[out]


@contextmanager
def _unpacked(*layers: Layer) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="legal-ai-image-") as name:
        tree = Path(name)
        for layer in layers:
            with tarfile.open(layer.path) as tar:
                tar.extractall(tree, filter="fully_trusted")  # noqa: S202
        yield tree


def _packages(source: Path, base: Layer, out: Path) -> Layer:
    with _unpacked(base) as tree:
        target = tree / SITE
        run(
            [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", target,
             "--python", sys.executable, "--python-version", "3.11",
             "--python-platform", _PLATFORMS[architecture()], "--only-binary", ":all:",
             "--link-mode", "copy", "--require-hashes", "-r", source / "requirements.txt"],
            env={**os.environ, "UV_HTTP_TIMEOUT": "300"},
            timeout=INSTALL_SECONDS,
        )  # fmt: skip
        # Scripts name the interpreter that installed them, which isn't there.
        shutil.rmtree(target / "bin", ignore_errors=True)
        (target / ".lock").unlink(missing_ok=True)
        script = tree / "usr/local/bin/alembic"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(_ALEMBIC)
        script.chmod(0o755)
        compile_in(tree, f"/{SITE}")
        return write_layer(tree, out, [SITE, "usr/local/bin"])


@contextmanager
def _baked(source: Path, version: str, *under: Layer) -> Iterator[Path]:
    with _unpacked(*under) as tree:
        _bake(source, version, tree / "app")
        compile_in(tree, "/app")
        run_python(tree, "-c", "import legal_ai.__main__, legal_ai.migrate.__main__", folder="/app")
        yield tree


def _bake(source: Path, version: str, app: Path) -> None:
    """Put the backend's source into `app` and make it one release."""
    shutil.copytree(source / "legal_ai", app / "legal_ai", ignore=_NO_BYTECODE)
    for name in ("alembic.ini", "releases.json"):
        shutil.copy(source / name, app)
    run([sys.executable, source / "bake.py", version, app])


def _backend_config(image: AppImage) -> ImageConfig:
    return ImageConfig(
        command=["python3", "-m", "legal_ai"],
        architecture=architecture(),
        folder="/app",
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": "/app",
            "PYTHONUNBUFFERED": "1",
        },
        labels=image.labels,
        port=8000,
    )


def _frontend_config(image: AppImage) -> ImageConfig:
    return ImageConfig(
        command=["node", "server.mjs"],
        architecture=architecture(),
        folder="/app",
        env={"NODE_ENV": "production", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        labels=image.labels,
        port=3000,
    )
