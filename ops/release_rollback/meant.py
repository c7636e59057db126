"""Which rollback is meant where nothing is named: it must never be of the color that is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import config
from ops.color import Color
from ops.errors import UsageError
from ops.release_rollback.entry import DONE
from ops.rollback.by_hand import suspect

if TYPE_CHECKING:
    from ops.release.entry import Release
    from ops.release_rollback.entry import Undoing
    from ops.release_rollback.tools import Tools
    from ops.release_rollback.wish import Wish
    from ops.state import LiveTraffic


def was_done(tools: Tools, wish: Wish) -> Undoing | None:
    """The last rollback, if it is what is live still and no more than that is asked for."""
    last = stands(tools)
    if last is None or wish.color not in {None, last.color} or wish.is_version_only:
        return None
    is_more = (
        wish.to_version not in {"", last.to_version}
        or wish.revision not in {"", last.revision}
        or wish.data not in {"", last.data}
    )
    return None if is_more else last


def stands(tools: Tools) -> Undoing | None:
    """The last rollback, if nothing was released, moved or deployed to its color since."""
    history, release = tools.journal.history(), tools.release
    last = history[-1] if history else None
    if last is None or last.outcome != DONE or last.is_version_only:
        return None
    live = release.traffic.live()
    is_away = live is not None and live.active is last.target and not live.has_traffic(last.color)
    version = config.of_color(release.stack.config(), last.color).version
    is_open = release.journal.read() is not None or release.traffic.hold() is not None
    is_same = is_away and not is_open and version == (last.to_version or last.version)
    return last if is_same else None


def failed(tools: Tools, wish: Wish, live: LiveTraffic, open_one: Release | None) -> Color:
    """The color that is meant where none is named. Raises UsageError where that is a guess."""
    known = tools.release.traffic.hold() or open_one or stands(tools) or _newest(tools, live)
    if known is not None:
        return known.color
    if wish.is_version_only and live.active is not None:
        return live.active.other
    if not all(map(live.has_traffic, Color)):
        raise UsageError(
            "which color failed? Neither a hold nor a release of what serves says so: give "
            "--from blue or --from green"
        )
    return suspect(live)


def _newest(tools: Tools, live: LiveTraffic) -> Release | None:
    """The last release, if it is what serves everybody.

    Where it does not, somebody has moved traffic since, and may mean the other color.
    """
    history = tools.release.journal.history()
    last = history[-1] if history else None
    if last is None or live.has_traffic(last.color.other):
        return None
    version = config.of_color(tools.release.stack.config(), last.color).version
    return last if version == last.version else None
