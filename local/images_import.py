"""Puts image archives into containerd, each once: what it has already is not read again."""

import json
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.parts.containerd import Containerd


def import_images(containerd: Containerd, archives: Iterable[Path]) -> list[str]:
    """Import the archives that containerd does not hold yet; return their images' names."""
    present = set(containerd.ctr("images", "list", "--quiet").split())
    seen_file = containerd.data / "imported.json"
    seen: dict[str, str] = json.loads(seen_file.read_text()) if seen_file.exists() else {}
    imported = []
    for archive in archives:
        names, state = tags(archive), mark(archive)
        if seen.get(str(archive)) == state and present.issuperset(names):
            continue
        containerd.ctr("images", "import", "--snapshotter=overlayfs", archive)
        seen[str(archive)] = state
        seen_file.write_text(json.dumps(seen, indent=2))
        imported += names
    return imported


def mark(archive: Path) -> str:
    """Return what changes when an archive is written anew."""
    stat = archive.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def tags(archive: Path) -> list[str]:
    """Return the names that an image archive gives its images."""
    return [tag for entry in _manifest(archive) for tag in entry["RepoTags"]]


def identities(archive: Path) -> dict[str, str]:
    """Return the digest of each image's configuration (hexadecimal) by the image's name."""
    digests: dict[str, str] = {}
    for entry in _manifest(archive):
        found = re.search(r"[0-9a-f]{64}", entry["Config"])
        if found is None:
            raise ValueError(f"{archive} does not call a configuration by its digest: {entry}")
        digests |= dict.fromkeys(entry["RepoTags"], found.group())
    return digests


def _manifest(archive: Path) -> list[dict[str, Any]]:
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        if manifest is None:
            raise ValueError(f"{archive} has no manifest.json: it is not an image archive")
        return list(json.load(manifest))
