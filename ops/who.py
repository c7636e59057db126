"""Who runs a command, for others to ask."""

import getpass
import os
import socket
import uuid
from typing import Final


def me() -> str:
    """`somebody@machine`."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


RUN: Final = f"{me()} (pid {os.getpid()}, {uuid.uuid4().hex[:8]})"
"""This process, and no other."""
