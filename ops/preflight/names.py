"""Pure: what the lines of the checklist are called, whichever of them a stack asks for.

What somebody accepts is looked up here: a line that a newer version no longer asks for in this
stack has a name still.
"""

from __future__ import annotations

from typing import Final

from ops.preflight import people
from ops.preflight.code import GATES
from ops.preflight.system import BACKGROUND

STAGING: Final = "staging"
"""Whether these images passed there, as far as it can be told before they run here."""
DIGESTS: Final = "digests"
"""The same question once they run, among the smoke tests: who accepts STAGING accepts this."""

NAMES: Final = tuple(
    dict.fromkeys(
        [
            "code",
            *GATES,
            "coverage",
            "approvals",
            "hold",
            "isolation",
            "way-back",
            "backups",
            "disk",
            "rules",
            "dashboards",
            "on-call",
            "drift",
            "migrations",
            "changelog",
            BACKGROUND,
            "checklist",
            *people.ITEMS,
        ]
    )
)
