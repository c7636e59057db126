"""Image archives, written by hand: the same files always make the same bytes."""

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Layer:
    """An uncompressed layer: its tar, and the SHA-256 of it in hexadecimal."""

    path: Path
    digest: str

    @classmethod
    def of(cls, path: Path) -> "Layer":
        """Return the layer that the tar at `path` is."""
        with path.open("rb") as file:
            return cls(path, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image starts with."""

    command: Sequence[str]
    architecture: str
    folder: str = "/"
    user: str = "10001:10001"
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None

    def as_json(self, layers: Sequence[Layer]) -> bytes:
        """Return the image's configuration for `layers`, bottom first."""
        config: dict[str, Any] = {
            "Cmd": list(self.command),
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "Labels": dict(self.labels),
            "User": self.user,
            "WorkingDir": self.folder,
        }
        if self.port is not None:
            config["ExposedPorts"] = {f"{self.port}/tcp": {}}
        image = {
            "architecture": self.architecture,
            "config": config,
            "created": "1970-01-01T00:00:00Z",
            "history": [{"created": "1970-01-01T00:00:00Z"} for _ in layers],
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one.digest}" for one in layers]},
        }
        return json.dumps(image, sort_keys=True).encode()


@dataclass(frozen=True)
class Image:
    """One image of an archive: its name, and its layers, bottom first."""

    tag: str
    config: ImageConfig
    layers: Sequence[Layer]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; what was written takes the place of `path` at the end, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_layer(tree: Path, out: Path, only: Sequence[str] = (".",)) -> Layer:
    """Write what stands in `tree` under the paths `only` as the layer `out`.

    Owner root, times 0, names sorted; devices, sockets and bytecode of other builds don't come in.
    """
    with replacing(out) as partial:
        with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in _sorted(tree, only):
                _add(tar, path, path.relative_to(tree).as_posix())
        layer = Layer.of(partial)
    return Layer(out, layer.digest)


def write_images(out: Path, images: Sequence[Image]) -> None:
    """Write a docker-archive with these images; a layer that they share is in it once."""
    described = [image.config.as_json(image.layers) for image in images]
    names = [f"{hashlib.sha256(config).hexdigest()}.json" for config in described]
    manifest = [
        {
            "Config": name,
            "RepoTags": [image.tag],
            "Layers": [f"{layer.digest}.tar" for layer in image.layers],
        }
        for name, image in zip(names, images, strict=True)
    ]
    layers = {f"{layer.digest}.tar": layer for image in images for layer in image.layers}
    with replacing(out) as partial, tarfile.open(partial, "w") as tar:
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())
        for name, config in zip(names, described, strict=True):
            _add_bytes(tar, name, config)
        for name, layer in layers.items():
            with layer.path.open("rb") as file:
                entry = tarfile.TarInfo(name)
                entry.size = layer.path.stat().st_size
                tar.addfile(entry, file)


def _sorted(tree: Path, only: Sequence[str]) -> Iterator[Path]:
    wanted: set[Path] = set()
    for start in only:
        top = tree / start
        parents = [parent for parent in top.parents if parent.is_relative_to(tree)]
        wanted.update(path for path in (top, *parents) if path != tree)
        if top.is_dir() and not top.is_symlink():
            wanted.update(top.rglob("*"))
    yield from sorted(wanted, key=lambda path: PurePosixPath(path.relative_to(tree)).parts)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    status = path.lstat()
    entry = tarfile.TarInfo(name)
    entry.mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        entry.type = tarfile.SYMTYPE
        entry.linkname = str(path.readlink())
        tar.addfile(entry)
    elif stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
    elif stat.S_ISREG(status.st_mode):
        entry.size = status.st_size
        with path.open("rb") as file:
            tar.addfile(entry, file)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
