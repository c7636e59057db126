"""The page for people: plain HTML without script, drawn from an overview."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ops import plot
from ops.color import Color

if TYPE_CHECKING:
    from agent.overview import Overview
    from ops.agent import AgentSettings

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing but the page's own style is loaded or run."""


def render(settings: AgentSettings, overview: Overview) -> str:
    """The HTML."""
    facts = overview.facts
    return _template().render(
        settings=settings,
        view=overview,
        hold=facts.hold if facts else None,
        colors=list(Color),
        by_color={each.color: each for each in overview.colors or ()},
        width=plot.WIDTH,
        height=plot.HEIGHT,
    )


def moment(text: str) -> str:
    """A time of RFC 3339 as people read it, to the second; what is none stays as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if found.tzinfo else text


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = moment
    return environment.get_template("page.html")
