"""Make the source tree one release: `python bake.py VERSION [TREE]`.

Writes VERSION and release.json (levels from releases.json) and removes migrations newer than the
release.
"""

import json
import re
import sys
from pathlib import Path

LEVEL = re.compile(r"^level(?:: int)? = (\d+)$", re.MULTILINE)


def revision_level(source: str) -> int:
    """Return the integer `level` a migration's source declares; ValueError if it declares none."""
    found = LEVEL.search(source)
    if found is None:
        raise ValueError("no line `level = N` in this migration")
    return int(found[1])


def bake(tree: Path, version: str) -> dict[str, int]:
    """Turn `tree` (holds legal_ai/ and releases.json) into `version`; returns its levels.

    Raises KeyError for a version that releases.json doesn't know.
    """
    releases: dict[str, dict[str, int]] = json.loads((tree / "releases.json").read_text())
    if version not in releases:
        known = ", ".join(releases)
        raise KeyError(
            f"{version} is not in releases.json ({known}): add it with its level and needs"
        )
    levels = releases[version]
    for revision in (tree / "legal_ai" / "migrations" / "versions").glob("*.py"):
        if revision_level(revision.read_text()) > levels["level"]:
            revision.unlink()
    (tree / "VERSION").write_text(version + "\n")
    (tree / "release.json").write_text(json.dumps(levels) + "\n")
    (tree / "releases.json").unlink()
    return levels


if __name__ == "__main__":
    bake(Path(sys.argv[2]) if len(sys.argv) > 2 else Path.cwd(), sys.argv[1])
