"""Puts image archives into containerd, each once: what it has already is not read again."""

import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

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
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        if manifest is None:
            raise ValueError(f"{archive} has no manifest.json: it is not an image archive")
        entries = json.load(manifest)
    return [tag for entry in entries for tag in entry["RepoTags"]]
