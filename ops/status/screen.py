"""A status for the eye: every mark is a word or a sign as well as a color."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ops.color import Color
from ops.status.compared import UNKNOWN
from ops.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ops.checklist import Line, Verdict
    from ops.status.compared import Compared
    from ops.status.gather import Status
    from ops.status.journals import Past

STYLES: Final[Mapping[Verdict, str]] = {"good": "green", "bad": "bold red", "unknown": "yellow"}
SAID: Final[Mapping[Verdict, str]] = {
    "good": "in order",
    "bad": "not in order",
    "unknown": "something could not be found out",
}
MARKS: Final[Mapping[Verdict, str]] = {"good": "ok", "bad": "BAD", "unknown": UNKNOWN}
MOST_CHARACTERS: Final = 19
"""Of a value in the table: a digest is longer, and its beginning tells it."""


def screen(status: Status) -> Group:
    """All of it, one below the other."""
    head = Text.assemble(
        (status.stack, "bold"),
        f"  {status.at:%Y-%m-%d %H:%M:%S} UTC  ",
        (SAID[status.verdict], STYLES[status.verdict]),
    )
    past = [_past(status.past)] if status.past else []
    return Group(head, _colors(status.compared), _lines(status), *past)


def _colors(compared: tuple[Compared, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    for color in Color:
        table.add_column(f"{color}\nconfigured", style="dim")
        table.add_column(f"{color}\nlive")
    by_name: dict[str, dict[Color, Compared]] = {}
    for each in compared:
        by_name.setdefault(each.name, {})[each.color] = each
    for name, of in by_name.items():
        table.add_row(name, *(cell for color in Color for cell in _cells(of.get(color))))
    return table


def _cells(each: Compared | None) -> tuple[Text, Text]:
    if each is None:
        return Text(), Text()
    sign = "≠ " if each.differs else "! " if each.why else ""
    style = "" if each.verdict == "good" else STYLES[each.verdict]
    return Text(each.configured[:MOST_CHARACTERS]), Text(
        sign + each.live[:MOST_CHARACTERS], style=style
    )


def _lines(status: Status) -> Table:
    """What is not as it should be comes first."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row()
    good = (each for each in status.lines if each.verdict == "good")
    for each in _together((*status.wrong, *good)):
        table.add_row(*_line(each))
    return table


def _together(lines: Iterable[Line]) -> list[Line]:
    """Lines that say the same are one: where Pulumi is gone, many are unknown for want of it."""
    found: dict[tuple[Verdict, str], list[Line]] = {}
    for each in lines:
        found.setdefault((each.verdict, each.detail), []).append(each)
    return [_merged(each) for each in found.values()]


def _merged(lines: list[Line]) -> Line:
    first = lines[0]
    if len(lines) == 1:
        return first
    names = ", ".join(each.name for each in lines)
    return replace(first, name="several", detail=f"{first.detail}: {names}")


def _line(each: Line) -> tuple[Text, Text, Text]:
    mark = Text(MARKS[each.verdict], style=STYLES[each.verdict])
    return mark, Text(each.name), Text(each.detail)


def _past(past: tuple[Past, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("\nwhen", "\nwho", "\nwhat", "\nhow it ended"):
        table.add_column(name, overflow="fold")
    for each in past:
        table.add_row(*(Text(part) for part in (moment(each.at), each.by, each.what, each.outcome)))
    return table
