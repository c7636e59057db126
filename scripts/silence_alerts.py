#!/usr/bin/env python3
"""Silence alerts of a stack for a time that ends: create, list, expire.

Example: scripts/silence_alerts.py create severity=warning --minutes 120 --comment "release v1.2.0"

A silence covers this stack only, lasts eight hours at most, and never covers the alerts by which
the agent rolls back (action=rollback). Run `create` again with the same words to renew it.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import operations
from ops.alertmanager import SETTING, Alertmanager
from ops.errors import UsageError
from ops.restore.source import moment
from ops.silences import Matcher, Silence, may_touch, require_sound
from ops.stack import Stack
from ops.times import rfc3339
from ops.who import me
from scripts.console import DryRunOption, JsonOption, StackOption, application, main, say, show
from scripts.servers import AlertmanagerOption

app = application(__doc__)


class Place:
    """The Alertmanager of a stack, and the labels that its alerts have."""

    def __init__(self, stack: str | None, url: str | None) -> None:
        chosen = Stack.chosen(stack)
        facts = operations.read(chosen)
        address = url or facts.watched().alertmanager_url
        if not address:
            raise UsageError(f"stack {chosen.name} has no Alertmanager: set {SETTING}")
        self.server = Alertmanager(address)
        self.stack = chosen.short_name
        self.namespace = facts.namespace

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """What keeps a silence to this stack."""
        return (Matcher("namespace", self.namespace), Matcher("stack", self.stack))


@app.command()
def create(  # noqa: PLR0913, PLR0917 one parameter an option
    what: Annotated[
        list[str], typer.Argument(metavar="MATCHER...", help="severity=warning, alertname=~Cpu.*")
    ],
    comment: Annotated[str, typer.Option("--comment", help="why; others read it")],
    minutes: Annotated[
        int | None, typer.Option("--minutes", min=1, help="how long it lasts")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="when it ends (RFC 3339)")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="when it begins (RFC 3339); default: now")
    ] = None,
    stack: StackOption = None,
    alertmanager: AlertmanagerOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Silence the alerts that fit all matchers, or renew that silence."""
    window = _window(begin, minutes, until)
    own = [Matcher.parse(text) for text in what]
    if fixed := sorted({m.name for m in own} & {"namespace", "stack"}):
        raise UsageError(f"leave out {' and '.join(fixed)}: a silence covers its own stack only")
    if not comment.strip():
        raise UsageError("--comment is empty: say why, others read it")
    place = Place(stack, alertmanager)
    standing = place.server.silences()
    # By its clock, as it answered: it is the one that counts.
    now = place.server.now().replace(microsecond=0)
    start, end = window(now)
    require_sound(own, start, end, now)
    wanted = Silence((*place.matchers, *own), start, end, me(), comment)
    if same := _same(wanted, standing):
        begun = same.starts_at if same.state == "active" else start
        wanted = replace(wanted, id=same.id, starts_at=begun)
    if dry_run:
        show(_data(wanted), as_json=as_json, text=f"would set: {wanted}")
        return
    made = replace(
        wanted, id=place.server.put(wanted), state="active" if start <= now else "pending"
    )
    show(_data(made), as_json=as_json, text=str(made))


@app.command(name="list")
def show_all(
    stack: StackOption = None,
    alertmanager: AlertmanagerOption = None,
    expired: Annotated[bool, typer.Option("--expired", help="those that ended, too")] = False,
    as_json: JsonOption = False,
) -> None:
    """The silences that alerts of this stack may fall under, whoever made them."""
    place = Place(stack, alertmanager)
    found = [
        silence
        for silence in place.server.silences()
        if may_touch(silence, place.stack, place.namespace) and (expired or silence.stands)
    ]
    lines = []
    for silence in sorted(found, key=lambda each: each.ends_at):
        lines.append(str(silence))
        if silence.stands and silence.covers_rollback:
            lines.append(f"  it may silence alerts with action=rollback: expire {silence.id}")
    data = [_data(silence) for silence in found]
    show(data, as_json=as_json, text="\n".join(lines) or "no silence stands")


@app.command()
def expire(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="as `list` shows them")],
    stack: StackOption = None,
    alertmanager: AlertmanagerOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """End silences now. One that has ended already is left as it is."""
    place = Place(stack, alertmanager)
    known = {silence.id: silence for silence in place.server.silences()}
    if unknown := [each for each in ids if each not in known]:
        raise UsageError(f"there is no silence {', '.join(unknown)}: see `list --expired`")
    standing = [each for each in dict.fromkeys(ids) if known[each].stands]
    for each in standing if not dry_run else []:
        place.server.expire(each)
        say(f"ended {known[each]}")
    told = ", ".join(standing) or "none: all have ended"
    text = f"{'would end' if dry_run else 'ended'} {told}"
    show({"dryRun": dry_run, "ended": standing}, as_json=as_json, text=text)


def _window(
    begin: str | None, minutes: int | None, until: str | None
) -> Callable[[datetime], tuple[datetime, datetime]]:
    """What gives beginning and end once it is known what time it is. Raises UsageError."""
    if (minutes is None) == (until is None):
        raise UsageError("a silence has an end: give either --minutes or --until")
    fixed_start = _moment("--from", begin) if begin else None
    fixed_end = _moment("--until", until) if until else None

    def at(now: datetime) -> tuple[datetime, datetime]:
        start = fixed_start or now
        return start, fixed_end or start + timedelta(minutes=minutes or 0)

    return at


def _moment(option: str, text: str) -> datetime:
    found = moment(text)
    if found is None:
        raise UsageError(f"{option} {text!r} is no moment: write it as 2025-10-14T02:00:00Z")
    return found


def _same(wanted: Silence, silences: list[Silence]) -> Silence | None:
    """The silence that an earlier run of the same command made."""
    return next(
        (
            silence
            for silence in silences
            if silence.stands
            and sorted(silence.matchers) == sorted(wanted.matchers)
            and silence.comment == wanted.comment
        ),
        None,
    )


def _data(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "state": silence.state,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "startsAt": rfc3339(silence.starts_at),
        "endsAt": rfc3339(silence.ends_at),
        "by": silence.by,
        "comment": silence.comment,
        "coversRollback": silence.covers_rollback,
    }


if __name__ == "__main__":
    main(app)
