"""The program squawk, which knows what locks tables and what breaks clients."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from ops.errors import CouldNotFindOut

SECONDS: Final = 60.0
POSTGRESQL: Final = "15"


def findings(sql: str) -> list[dict[str, Any]]:
    """What it finds in `sql`: `rule_name`, `line` (from 0), `message`, `help`.

    Raises CouldNotFindOut where it can't be run.
    """
    program = Path(sys.executable).with_name("squawk")
    command = [
        str(program) if program.exists() else "squawk",
        "--reporter=json",
        f"--pg-version={POSTGRESQL}",
        "--stdin-filepath=migration.sql",
    ]
    try:
        done = subprocess.run(
            command, input=sql, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise CouldNotFindOut(
            "the program squawk is missing: install the project's packages (squawk-cli)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CouldNotFindOut(f"squawk did not end within {SECONDS:g} s") from error
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError as error:
        raise CouldNotFindOut(
            f"squawk could not read the SQL (exit code {done.returncode}): {done.stderr.strip()}"
        ) from error
    return found
