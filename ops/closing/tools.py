"""What closing a release needs of the world; tests give their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.checklist import Line
    from ops.closing.entry import Closing
    from ops.color import Color
    from ops.journal import ClusterJournal
    from ops.notify import Event, Failure
    from ops.vitals.row import Row
    from ops.watching.judging import Limits
    from ops.watching.reading import Look
    from ops.watching.watch import Rhythm


@dataclass(frozen=True)
class Tools:
    """All of it. Each look raises CouldNotFindOut where there is no answer.

    `color` is the one that serves, `since` when its weight last rose from nothing; `astray` says
    why it does not serve all traffic with the version, empty if it does. `look` reads both colors,
    `rows` the runbook's table. `smoke` asks the public host, `reported` Sentry.
    """

    journal: ClusterJournal[Closing]
    color: Color
    since: str
    astray: Callable[[], str]
    look: Callable[[], Look]
    rows: Callable[[], Sequence[Row]]
    smoke: Callable[[], Sequence[Line]]
    reported: Callable[[], str]
    limits: Limits
    rhythm: Rhythm
    tell: Callable[[Event], Sequence[Failure]]
    now: Callable[[], datetime]
    by: str
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
