"""Pages made from templates that stand beside the code: all that is filled in is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template


@cache
def environment(folder: Path) -> Environment:
    """The templates of a folder; a name that nobody fills in is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def template(path: Path) -> Template:
    """One template."""
    return environment(path.parent).get_template(path.name)
