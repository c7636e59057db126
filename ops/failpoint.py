"""Places where a test can kill or stop a command, by name.

`FAILPOINT=restore.moved scripts/restore_production_db.py …` dies there, as by `kill -9`;
`PAUSEPOINT=gate.let_go pulumi up` stops there, as by Ctrl-Z, until it gets SIGCONT.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "FAILPOINT"
PAUSE_VARIABLE: Final = "PAUSEPOINT"


def reach(name: str) -> None:
    """Say that the place `name` (`command.step`, past tense: the step is done) was reached."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get(PAUSE_VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGSTOP)
