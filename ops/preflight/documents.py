"""The checklist's documents: the changelog, and the example of the services' environment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ops.errors import CouldNotFindOut, Refused

_NAME: Final = re.compile(r"^\s*#?\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=", re.MULTILINE)


def changelog_has(file: Path, version: str) -> str:
    """Say that the changelog has a heading for the version, with something below it."""
    wanted = version.removeprefix("v")
    heading = re.compile(rf"^(#+)\s+\[?v?{re.escape(wanted)}(?![\w.])", re.MULTILINE)
    text = _read(file)
    found = heading.search(text)
    if found is None:
        raise Refused(f"{file} has no heading for {version}: write its notes")
    _, _, rest = text[found.start() :].partition("\n")
    level = len(found.group(1))
    notes = re.split(rf"^#{{1,{level}}}\s", rest, maxsplit=1, flags=re.MULTILINE)[0]
    if not notes.strip():
        raise Refused(f"{file} has the heading for {version} and no notes below it")
    return f"{file} has {version}"


def example_covers(file: Path, variables: Iterable[str]) -> str:
    """Say that the example of the environment names each variable that a service is given."""
    named = set(_NAME.findall(_read(file)))
    wanted = sorted(set(variables))
    missing = [name for name in wanted if name not in named]
    if missing:
        raise Refused(f"{file} lacks {', '.join(missing)}: document them there")
    return f"{file} names all {len(wanted)} variables"


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise CouldNotFindOut(f"{file} can't be read: {error.strerror}. Say where it is") from error
