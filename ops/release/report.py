"""The report of a release: one HTML file that needs no network, `reports/VERSION.html`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ops import plot
from ops.clock import own
from ops.color import Color
from ops.errors import OpsError
from ops.html import template
from ops.release.links import links
from ops.release.measured import Plot, measure
from ops.shift import connecting

if TYPE_CHECKING:
    from ops.metrics import Prometheus
    from ops.operations import Operations
    from ops.release.entry import Release, Run
    from ops.release.tools import Say

PAGE: Final = Path(__file__).with_name("report.html")
MOST_SHOWN: Final = 4
"""Lines of a step that are shown at once; more are behind the last one, to be unfolded."""
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True)
class Bar:
    """A step in the timeline: where it lies, in percent of the release's time, and how long."""

    run: Run
    left: float
    width: float
    seconds: float

    @property
    def lasted(self) -> str:
        """How long, for people."""
        whole = round(self.seconds)
        return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def write(
    release: Release,
    facts: Operations,
    folder: Path,
    say: Say,
    url: str | None = None,
    now: Callable[[], datetime] = own,
) -> None:
    """Draw it into the folder, and say where it is. Never raises: a report fails no release.

    `url` is another Prometheus; `now` is of the clock that the release's times are by.
    """
    end = now().timestamp()

    def prometheus() -> Prometheus:
        return connecting.prometheus(facts.watched(), url)

    try:
        plots = measure(prometheus, facts.namespace, _seconds(release.started), end)
    except OpsError as error:
        plots = [Plot("Prometheus", "", {}, str(error))]
    file = folder / f"{_NOT_IN_NAMES.sub('-', release.version)}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(draw(release, plots, links(facts, release.version), end))
    except OSError as error:
        say(f"the report can't be written: {error}")
        return
    say(f"report: {file}")


def draw(release: Release, plots: Sequence[Plot], where: Mapping[str, str], now: float) -> str:
    """The HTML. `where` to look on, `now` (Unix seconds) is the end of what is not over yet."""
    return template(PAGE).render(
        release=release,
        bars=bars(release, now),
        plots=plots,
        links=where,
        colors=list(Color),
        width=plot.WIDTH,
        height=plot.HEIGHT,
        most_shown=MOST_SHOWN,
    )


def bars(release: Release, now: float) -> list[Bar]:
    """The timeline, oldest first."""
    begin = _seconds(release.started)
    end = max(_seconds(release.finished) if release.finished else now, begin + 1)
    found = []
    for run in release.runs:
        began = _seconds(run.began)
        ended = _seconds(run.ended) if run.ended else end
        left = 100 * (began - begin) / (end - begin)
        width = 100 * (ended - began) / (end - begin)
        found.append(Bar(run, round(left, 2), round(width, 2), ended - began))
    return found


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
