"""The checklist of a release: the lines of `ops/preflight` for its version and color."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ops.preflight import looking, people

if TYPE_CHECKING:
    from ops.checklist import Line
    from ops.cluster import Cluster
    from ops.release.entry import Release
    from ops.release.tools import Say
    from ops.stack import Stack


def look(stack: Stack, cluster: Cluster, release: Release, say: Say, url: str | None) -> list[Line]:
    """All lines; one that could not be looked at is unknown. `url`: another Prometheus."""
    checklist = release.options.checklist
    file = Path(checklist) if checklist else people.file_of(release.version)
    subject = looking.Subject(
        stack, cluster, release.version, release.color, file, say, prometheus=url
    )
    return looking.look(subject)
