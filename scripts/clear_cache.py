#!/usr/bin/env python3
"""Clear the application's cache in Redis, by prefix; sessions, locks and queues of others stay.

Example: scripts/clear_cache.py --prefix legal-ai:cache:s3:documents:

Never the whole of Redis: keys are found by SCAN and unlinked some at a time, while others are
served. --sessions ends all sessions instead: everybody has to log in again. See docs/incidents.md.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import operations
from ops.errors import UsageError
from ops.maintenance import CACHE, SESSIONS, SharedRedis
from ops.stack import Stack
from ops.times import rfc3339
from scripts.console import DryRunOption, JsonOption, StackOption, application, main, show

app = application(__doc__)


@app.command(help=__doc__)
def run(
    prefix: Annotated[
        str | None, typer.Option(help=f"what the keys begin with; default {CACHE}")
    ] = None,
    sessions: Annotated[bool, typer.Option("--sessions", help="end all sessions")] = False,
    stack: StackOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """See the text above."""
    if sessions and prefix is not None:
        raise UsageError("--sessions and --prefix: one at a time")
    wanted = SESSIONS if sessions else _clearable(CACHE if prefix is None else prefix)
    redis = SharedRedis(operations.read(Stack.chosen(stack)).redis_url)
    if dry_run:
        count = redis.count(wanted)
        also = ", and end every session that began before now" if sessions else ""
        data = {"dryRun": True, "prefix": wanted, "keys": count}
        show(data, as_json=as_json, text=f"would delete {count} keys {wanted}*{also}")
        return
    # First: a session that is looked up between the two is refused already.
    ended = rfc3339(datetime.fromtimestamp(redis.end_sessions(), UTC)) if sessions else ""
    count = redis.clear(wanted)
    also = f"every session that began before {ended} is over; " if sessions else ""
    data = {"dryRun": False, "prefix": wanted, "keys": count, "sessionsEndedBefore": ended}
    show(data, as_json=as_json, text=f"{also}deleted {count} keys {wanted}*")


def _clearable(prefix: str) -> str:
    if not prefix.startswith(CACHE):
        raise UsageError(
            f"--prefix {prefix!r} reaches keys that are no cache (jobs, locks, what stands for "
            f"maintenance): it must begin with {CACHE}"
        )
    return prefix


if __name__ == "__main__":
    main(app)
