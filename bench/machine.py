"""The machine that something was measured on, as the results tell it."""

import os
import platform


def facts() -> dict[str, str]:
    """Cores, kernel and Python, without the name that somebody gave a kernel of theirs."""
    kernel = platform.release().split("-")[0]
    return {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {kernel}",
        "python": platform.python_version(),
    }
