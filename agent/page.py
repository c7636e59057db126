"""The page for people: plain HTML without script, drawn from an overview."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ops import plot
from ops.color import Color
from ops.html import template
from ops.times import moment

if TYPE_CHECKING:
    from agent.overview import Overview
    from ops.agent import AgentSettings

PAGE: Final = Path(__file__).with_name("page.html")
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
    return template(PAGE).render(
        settings=settings,
        view=overview,
        hold=facts.hold if facts else None,
        colors=list(Color),
        by_color={each.color: each for each in overview.colors or ()},
        moment=partial(moment, zone=" UTC"),
        width=plot.WIDTH,
        height=plot.HEIGHT,
    )
