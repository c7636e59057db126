"""The termination message: what a migration's pod leaves behind for whoever looks at it later."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..release import Release
from .state import State

DEFAULT: Final = "/dev/termination-log"
LONGEST_RESULT: Final = 2000
"""Kubernetes keeps 4096 bytes of the whole message."""


def leave(
    release: Release,
    state: State | None,
    result: str,
    env: Mapping[str, str] = os.environ,
) -> None:
    """Write it, where it can be written. `state` is None where the database was not read."""
    message = {
        "version": release.version,
        "level": release.level,
        "needs": release.needs,
        "database": state.as_json() if state else None,
        "result": result[:LONGEST_RESULT],
    }
    try:
        Path(env.get("TERMINATION_LOG", DEFAULT)).write_text(json.dumps(message))
    except OSError:
        return
