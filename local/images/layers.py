"""Layers from Debian packages, each kept by the checksum of what made it.

They lie under `.local/images/layers`; images share all that they have in common.
"""

import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.commands import run
from local.images.archive import Layer, write_layer
from local.images.checksum import checksum
from local.images.debian import compile_in, debian_tree
from local.images.recipe import architecture

# libstdc++ is for greenlet; dash for people with `kubectl exec`.
PYTHON = ("python3-minimal", "libpython3.11-stdlib", "libstdc++6", "dash")
SITE = "usr/local/lib/python3.11/dist-packages"
INSTALL_SECONDS = 600
NO_BYTECODE = shutil.ignore_patterns("__pycache__")

_PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}


class LayerStore:
    """Makes layers for the clone at `root`, or finds them in `folder`."""

    def __init__(self, root: Path, folder: Path, report: Callable[[str], None]) -> None:
        self.root = root
        self.report = report
        self._folder = folder
        self._found: dict[Path, Layer] = {}

    def kept(
        self, name: str, inputs: Sequence[Path], make: Callable[[Path], Layer], *facts: str
    ) -> Layer:
        """Return the layer `name`; `make` writes it where it isn't there for these inputs yet."""
        builders = list(Path(__file__).parent.glob("*.py"))
        number = checksum(self.root, [*inputs, *builders], architecture(), *facts)
        out = self._folder / f"{name}-{number[:16]}.tar"
        if out not in self._found:
            outdated = [] if out.exists() else list(out.parent.glob(f"{name}-{'?' * 16}.tar"))
            self._found[out] = Layer.of(out) if out.exists() else make(out)
            for path in outdated:
                path.unlink()
        return self._found[out]

    def debian(self, name: str, packages: Sequence[str]) -> Layer:
        """Return a root file system that holds `packages`."""

        def make(out: Path) -> Layer:
            self.report(f"{name} base: Debian packages")
            with debian_tree(packages) as tree:
                return write_layer(tree, out)

        return self.kept(f"{name}-base", [], make, *packages)

    def python_base(self) -> Layer:
        """Return a root file system with Python, its library compiled."""

        def make(out: Path) -> Layer:
            self.report("python base: Debian packages")
            with debian_tree(PYTHON) as tree:
                compile_in(tree, "/usr/lib/python3.11")
                return write_layer(tree, out)

        return self.kept("python-base", [], make, *PYTHON)

    def python_packages(
        self, name: str, requirements: Path, programs: Mapping[str, str] | None = None
    ) -> Layer:
        """Return what a pinned list of requirements installs, and `programs` (texts by name)."""
        base, scripts = self.python_base(), programs or {}
        return self.kept(
            f"{name}-packages",
            [requirements],
            lambda out: _install(requirements, scripts, base, out),
            *scripts,
        )


@contextmanager
def unpacked(*layers: Layer) -> Iterator[Path]:
    """Give a folder with what `layers` hold, the later over the earlier."""
    with tempfile.TemporaryDirectory(prefix="legal-ai-image-") as name:
        tree = Path(name)
        for layer in layers:
            with tarfile.open(layer.path) as tar:
                tar.extractall(tree, filter="fully_trusted")  # noqa: S202
        yield tree


def _install(requirements: Path, programs: Mapping[str, str], base: Layer, out: Path) -> Layer:
    with unpacked(base) as tree:
        target = tree / SITE
        run(
            [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", target,
             "--python", sys.executable, "--python-version", "3.11",
             "--python-platform", _PLATFORMS[architecture()], "--only-binary", ":all:",
             "--link-mode", "copy", "--require-hashes", "-r", requirements],
            env={**os.environ, "UV_HTTP_TIMEOUT": "300"},
            timeout=INSTALL_SECONDS,
        )  # fmt: skip
        # Scripts name the interpreter that installed them, which isn't there.
        shutil.rmtree(target / "bin", ignore_errors=True)
        (target / ".lock").unlink(missing_ok=True)
        folder = tree / "usr/local/bin"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in programs.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        compile_in(tree, f"/{SITE}")
        return write_layer(tree, out, [SITE, "usr/local/bin"])
