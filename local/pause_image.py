"""The image of the process that keeps a pod's namespaces open: one static program, made here."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

from local.addresses import PAUSE_IMAGE

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_pause_image(program: Path, target: Path) -> None:
    """Write `program` as an image archive that `ctr images import` reads."""
    layer = _tar({"pause": program.read_bytes()}, mode=0o755)
    machine = platform.machine()
    config = json.dumps(
        {
            "architecture": ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
            },
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"]}]
    archive = _tar(
        {
            "manifest.json": json.dumps(manifest).encode(),
            "config.json": config,
            "layer.tar": layer,
        },
        mode=0o644,
    )
    fresh = target.with_suffix(".new")
    fresh.write_bytes(archive)
    fresh.replace(target)


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    """Return a tar of `files`; the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
