"""What the checks of a running application share: whom they visit, as whom, what they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ops import checklist, junit, operations
from ops.application import identity, user
from ops.application.identity import Identity
from ops.application.user import NAME, VARIABLE, User
from ops.application.visit import Visitor, require_url
from ops.checklist import Line
from ops.color import Color
from ops.errors import UsageError
from ops.stack import Stack
from scripts.console import show

UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="the public or a preview address")]
StackOption = Annotated[
    str | None,
    typer.Option("--stack", help="its colors, versions and password; without: the options below"),
]
ColorOption = Annotated[Color | None, typer.Option("--color", help="the color that must answer")]
VersionOption = Annotated[
    str | None, typer.Option("--version", help="the version that must answer")
]
UserOption = Annotated[str, typer.Option("--user", help="who logs in")]
PasswordOption = Annotated[
    str,
    typer.Option("--password-env", metavar="NAME", help="environment variable with the password"),
]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="write JUnit XML here as well")
]
FactorOption = Annotated[
    float, typer.Option("--time-factor", help="stretches every time-out and budget")
]


@dataclass(frozen=True)
class Options:
    """The options that say who must answer, and who asks."""

    url: str
    stack: str | None = None
    color: Color | None = None
    version: str | None = None
    user: str = NAME
    password_env: str = VARIABLE


def require(time_factor: float, report: Path | None) -> None:
    """Raise UsageError for a factor or a report's place that can't be."""
    if not 0 < time_factor <= 100:
        raise UsageError(f"--time-factor {time_factor:g}: more than 0, at most 100")
    if report is not None:
        junit.require_place(report)


def choose(options: Options) -> tuple[Visitor, User]:
    """Who visits, and as whom. Raises UsageError, and CouldNotFindOut for a stack."""
    url = require_url(options.url)
    if options.stack is None:
        allowed = identity.anybody(options.color, options.version)
        return Visitor(url, allowed), user.of_environment(options.user, options.password_env)
    facts = operations.read(Stack.chosen(options.stack))
    allowed = identity.of_stack(facts, url, options.color, options.version)
    cluster = facts.cluster()
    return Visitor(url, allowed), user.of_cluster(cluster, _first(allowed), options.user)


def finish(
    suite: str, lines: Sequence[Line], began: datetime, report: Path | None, *, as_json: bool
) -> None:
    """Print the lines, write the report, and raise unless all are good."""
    if report is not None:
        report.write_text(junit.xml(suite, lines, began))
    data = checklist.as_data(lines)
    flaky = f", {data['flaky']} broken connections" if data["flaky"] else ""
    text = "\n".join([*map(str, lines), f"{suite}: {data['verdict']}{flaky}"])
    show(data, as_json=as_json, text=text)
    checklist.enforce(lines, f"{suite} did not pass")


def _first(allowed: Identity) -> Color:
    """A color whose pods know the password; both have the same."""
    return next(iter(allowed.allowed))
