"""Every script can be started by its path, and its help is its own text."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "scripts"
SCRIPTS = sorted(file for file in FOLDER.glob("*.py") if file.read_text().startswith("#!"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_is_executable_and_its_help_says_what_it_does(script: Path) -> None:
    assert os.access(script, os.X_OK)
    about = ast.get_docstring(ast.parse(script.read_text()))
    assert about
    shown = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert " ".join(about.split("\n\n")[0].split()) in " ".join(shown.split())


def test_scripts_were_found() -> None:
    assert FOLDER / "migrate.py" in SCRIPTS
