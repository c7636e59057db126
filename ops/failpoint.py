"""Places where a test can kill a command, so that reruns after a `kill -9` are tested by name.

`FAILPOINT=restore.moved scripts/restore_production_db.py …` dies right there, as by `kill -9`.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "FAILPOINT"


def reach(name: str) -> None:
    """Say that the place `name` (`command.step`, past tense: the step is done) was reached."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
