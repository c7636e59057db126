#!/usr/bin/env python3
"""An incident from beginning to end: declare, assess, update, isolate, evidence, reopen, resolve.

Example: scripts/incident.py declare "uploads fail" --kind outage

`declare` tells the status page, on-call and Slack, and prints whom to call and what to run. Where
not everybody could be told it ends with 3: then call. Each command can be run again.
"""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import checklist, logs, operations
from ops.application.visit import require_url
from ops.errors import UsageError
from ops.evidence import pieces
from ops.evidence.collect import collect
from ops.evidence.folder import Folder
from ops.incident import assess as looking
from ops.incident import callout, declaring
from ops.incident.declaring import Desk
from ops.incident.entry import KEPT, Incident, Nature
from ops.isolation import Isolation
from ops.journal import ClusterJournal
from ops.notify import Notifier
from ops.operations import Operations
from ops.stack import Stack
from ops.who import me
from scripts import journals
from scripts.console import DryRunOption, JsonOption, StackOption, application, main, say, show
from scripts.isolating import isolate, reopen
from scripts.servers import AlertmanagerOption, PrometheusOption

app = application(__doc__)
app.command()(isolate)
app.command()(reopen)

PublicOption = Annotated[
    str, typer.Option("--public", help="what the status page says; default: a fixed sentence")
]


@app.command()
def declare(
    title: Annotated[str, typer.Argument(help="what is wrong, in a few words")],
    nature: Annotated[
        Nature, typer.Option("--kind", help="decides whom to call, and what to run first")
    ] = Nature.OUTAGE,
    public: PublicOption = "",
    stack: StackOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """It has begun: tell everybody, and print whom to call."""
    _require(TITLE=title)
    say(callout.text(nature, datetime.now(UTC).date()))
    desk = _desk(operations.read(Stack.chosen(stack)))
    if dry_run:
        show({"dryRun": True, "channels": desk.channels}, as_json=as_json, text=_whom(desk))
        return
    _shown(declaring.declare(desk, nature, title, public), as_json=as_json)


@app.command()
def update(
    text: Annotated[str, typer.Argument(help="how it goes on, for your own people")],
    status: Annotated[
        Literal["investigating", "identified", "monitoring"],
        typer.Option(help="the status page's word for it"),
    ] = "identified",
    public: PublicOption = "",
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """How it goes on: every 15 minutes. Nobody is woken once more."""
    _require(TEXT=text)
    desk = _desk(operations.read(Stack.chosen(stack)))
    _shown(declaring.update(desk, text, status, public), as_json=as_json)


@app.command()
def resolve(
    text: Annotated[str, typer.Argument(help="what it was, and what ended it")],
    public: PublicOption = "",
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """It is over."""
    _require(TEXT=text)
    desk = _desk(operations.read(Stack.chosen(stack)))
    _shown(declaring.resolve(desk, text, public), as_json=as_json)


@app.command()
def status(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """The incident that is open, the last ones, and whether the namespace is isolated."""
    cluster = operations.read(Stack.chosen(stack)).cluster()
    journal = ClusterJournal(cluster, KEPT)
    (stands, ended), shut = journal.both(), Isolation.read(cluster)
    lines = [f"open: {stands}" if stands else "no incident is open", *map(str, reversed(ended))]
    data = {
        **journals.told(stands, ended),
        "isolated": shut and asdict(shut),
    }
    show(data, as_json=as_json, text="\n".join([*lines, *([str(shut)] if shut else [])]))


@app.command()
def assess(
    dependencies: Annotated[
        list[str] | None,
        typer.Option(
            "--dependency", metavar="URL", help="instead of those configured; again for more"
        ),
    ] = None,
    prometheus: PrometheusOption = None,
    alertmanager: AlertmanagerOption = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """What answers: every pod, the public, database, Redis, monitoring, services of others."""
    given = [require_url(url) for url in dependencies or ()]
    facts = operations.read(Stack.chosen(stack)).reached_by(prometheus, alertmanager)
    cluster = facts.cluster()
    cluster.require_access()
    lines = looking.lines(facts, cluster, given or facts.dependencies)
    show(checklist.as_data(lines), as_json=as_json, text=checklist.table(lines))
    checklist.enforce(lines, "not everything is well")


@app.command()
def evidence(
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="new, or begun by an earlier run")],
    since: Annotated[
        str | None, typer.Option(metavar="SPAN", help="logs of 24h, 2d back; without: all")
    ] = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep logs, events, objects and a dump of the database, before they are gone."""
    seconds = logs.seconds(since) if since else None
    facts = operations.read(Stack.chosen(stack))
    cluster = facts.cluster()
    cluster.require_access()
    done = collect(
        Folder(into),
        (
            lambda: pieces.of_logs(cluster, seconds),
            lambda: pieces.of_objects(cluster),
            lambda: [pieces.of_database(facts.database.administrator, say)],
        ),
        me(),
        say,
    )
    text = f"{into}: {done.files} files, {done.added} of them new; sha256sum --check SHA256SUMS"
    show(asdict(done), as_json=as_json, text=text)


def _require(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise UsageError(f"{name} is empty: others go by it")


def _desk(facts: Operations) -> Desk:
    notifier = Notifier(facts.notifications, say)
    return Desk(
        journal=lambda: ClusterJournal(facts.cluster(), KEPT),
        tell=notifier.tell,
        channels=notifier.channels,
        now=partial(datetime.now, UTC),
        by=me(),
        say=say,
    )


def _whom(desk: Desk) -> str:
    return f"would tell {', '.join(desk.channels) or 'nobody: no channel is configured'}"


def _shown(incident: Incident, *, as_json: bool) -> None:
    show(incident.model_dump(mode="json"), as_json=as_json, text=str(incident))


if __name__ == "__main__":
    main(app)
