"""Who runs a command, for others to ask."""

import getpass
import socket


def me() -> str:
    """`somebody@machine`."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
