"""kubectl, as somebody at a terminal types it."""

import subprocess


def kubectl(*args: str, stdin: str | None = None) -> str:
    """Run it; what it printed. Raises CalledProcessError with what it complained of."""
    command = ["kubectl", *args]
    try:
        return subprocess.run(
            command, input=stdin, check=True, capture_output=True, text=True, timeout=60
        ).stdout
    except subprocess.CalledProcessError as error:
        error.add_note(str(error.stderr))
        raise
