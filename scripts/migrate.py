#!/usr/bin/env python3
"""Migrate the database's schema, by Jobs from a color's image (docs/migrations.md).

Example: scripts/migrate.py plan, then scripts/migrate.py upgrade

Each command can be killed and run again. Ends with 0 done, 1 refused or bad, 2 usage, 3 could not
find out.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import operations
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.migrations import lint as linting
from ops.migrations.image import HEAD, Revision
from ops.migrations.migrations import Ahead, Migrations
from ops.migrations.rehearse import rehearse as rehearsing
from ops.stack import Stack
from scripts.console import DryRunOption, JsonOption, StackOption, application, main, say, show

DAY_SECONDS = 86_400

app = application(__doc__)

ColorOption = Annotated[
    Color | None,
    typer.Option("--color", help="whose image migrates; default: the standby's, if not older"),
]
VersionOption = Annotated[
    str | None,
    typer.Option("--version", help="its tag or digest; default: what the configuration says"),
]
ToOption = Annotated[str, typer.Option("--to", metavar="REV|head", help="how far")]


@app.command()
def plan(
    to: ToOption = HEAD,
    color: ColorOption = None,
    version: VersionOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
) -> None:
    """Show the pending migrations: phase, level, floor, and which colors still fit after each."""
    migrations = _open(stack)
    ahead = migrations.ahead(migrations.target(color, version), to)
    show(_plan_json(ahead), as_json=json, text=_plan_text(ahead))


@app.command()
def lint(
    to: ToOption = HEAD,
    color: ColorOption = None,
    version: VersionOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the pending migrations' SQL: squawk's rules and ours; what is not justified is bad."""
    migrations = _open(stack)
    plan = migrations.plan(migrations.target(color, version))
    findings = linting.lint(plan.sql, plan.until(to))
    show(
        [vars(finding) for finding in findings],
        as_json=json,
        text="\n".join(str(finding) for finding in findings) or "nothing found",
    )
    linting.enforce(findings)


@app.command()
def rehearse(
    to: ToOption = HEAD,
    color: ColorOption = None,
    version: VersionOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
) -> None:
    """Run up, down and up again on a restore of the newest verified backup."""
    migrations = _open(stack)
    done = rehearsing(migrations, migrations.target(color, version), to)
    lines = [f"{seconds:7.1f} s  {what}" for what, seconds in done.steps]
    show(done.as_json(), as_json=json, text="\n".join(lines))


@app.command()
def upgrade(
    to: ToOption = HEAD,
    color: ColorOption = None,
    version: VersionOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Run the pending migrations, look at the database, record it for the gate."""
    migrations = _open(stack)
    ahead = migrations.upgrade(migrations.target(color, version), to, dry_run=dry_run)
    show(_plan_json(ahead), as_json=json, text=_upgraded(ahead, dry_run=dry_run))


@app.command()
def verify(
    color: ColorOption = None,
    version: VersionOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
) -> None:
    """Look at revision, levels, indexes and models; record image and database for the gate."""
    migrations = _open(stack)
    checks = migrations.verify(migrations.target(color, version))
    lines = [f"{each['verdict']}: {each['name']}: {each['detail']}" for each in checks]
    show({"checks": checks}, as_json=json, text="\n".join(lines))
    if any(each["verdict"] != "good" for each in checks):
        raise Refused("the database is not as it should be: see above")


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(metavar="REV|base")],
    color: ColorOption = None,
    version: VersionOption = None,
    yes: Annotated[
        str | None, typer.Option("--yes-downgrade", metavar="REV", help="don't ask")
    ] = None,
    stack: StackOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Take back everything above a revision, by the newest image that is deployed."""
    migrations = _open(stack)
    target = migrations.target(color or migrations.newest(), version)
    taken = migrations.downgrade(target, revision, dry_run=True)
    if taken and not dry_run:
        _confirm(revision, taken, yes)
        taken = migrations.downgrade(target, revision, dry_run=False)
    lines = [f"{'would take' if dry_run else 'took'} back {one}: {one.title}" for one in taken]
    show(
        [one.id for one in taken],
        as_json=json,
        text="\n".join(lines) or f"nothing above {revision}",
    )


@app.command()
def backfill(  # noqa: PLR0913, PLR0917 each is an option of its own
    batch: Annotated[int, typer.Option(min=1, max=100_000, help="rows a transaction")] = 1000,
    pause: Annotated[float, typer.Option(min=0.0, max=60.0, help="seconds between two")] = 0.0,
    timeout: Annotated[int, typer.Option(min=1, help="longest time, seconds")] = DAY_SECONDS,
    color: ColorOption = None,
    version: VersionOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Bring rows to new columns in batches, slower while a replica falls behind."""
    migrations = _open(stack)
    target = migrations.target(color, version)
    if dry_run:
        left = list(migrations.plan(target).unfinished)
        show({"unfinished": left}, as_json=json, text="\n".join(left) or "nothing to backfill")
        return
    outcome = migrations.backfill(target, batch, pause, timeout)
    result = outcome.message.result if outcome.message else ""
    show({"job": outcome.job, "result": result}, as_json=json, text=result)


def _open(name: str | None) -> Migrations:
    stack = Stack.chosen(name)
    facts = operations.read(stack)
    cluster = facts.cluster()
    return Migrations(stack, facts, cluster, say)


def _confirm(revision: str, taken: Sequence[Revision], yes: str | None) -> None:
    if yes is None and sys.stdin.isatty():
        for one in taken:
            say(f"will take back {one}: {one.title}")
        yes = typer.prompt(f"what only these hold is lost. Type {revision} to go on", err=True)
    if yes != revision:
        raise UsageError(f"not confirmed, so nothing was changed: give --yes-downgrade {revision}")


def _plan_json(ahead: Ahead) -> dict[str, Any]:
    return {
        "image": vars(ahead.plan.image),
        "database": vars(ahead.plan.database),
        "below": ahead.plan.below,
        "unfinishedBackfills": list(ahead.plan.unfinished),
        "pending": [
            {
                "revision": one.id,
                "phase": one.phase,
                "level": one.level,
                "floor": ahead.plan.after(one).floor,
                "title": one.title,
                "fits": {
                    f"{tenant.color} {tenant.version}": _fits(ahead, one, number)
                    for number, tenant in enumerate(ahead.tenants)
                },
            }
            for one in ahead.todo
        ],
    }


def _fits(ahead: Ahead, revision: Revision, number: int) -> bool | None:
    try:
        return ahead.tenants[number].problem(ahead.plan.after(revision)) is None
    except CouldNotFindOut:
        return None


def _plan_text(ahead: Ahead) -> str:
    database = ahead.plan.database
    head = (
        f"database: level {database.level}, floor {database.floor}, "
        f"revision {database.revision or 'none'}; image: {ahead.plan.image.version}"
    )
    back = ahead.plan.one_back()
    if ahead.plan.is_ahead:
        return f"{head}\n{back}\nthe database is ahead of this image: nothing to run"
    if not ahead.todo:
        return f"{head}\n{back}\nnothing to run"
    lines = [head, back, "revision      phase     level floor  fits afterwards"]
    told = {True: "yes", False: "NO", None: "unknown"}
    for one in ahead.todo:
        fits = ", ".join(
            f"{tenant.color} {tenant.version} {told[_fits(ahead, one, number)]}"
            for number, tenant in enumerate(ahead.tenants)
        )
        floor = ahead.plan.after(one).floor
        lines.append(f"{one.id:13} {one.phase:9} {one.level:5} {floor:5}  {fits}")
        lines.append(f"              {one.title}")
    for name in ahead.plan.unfinished:
        lines.append(f"backfill {name} is not finished: scripts/migrate.py backfill")
    return "\n".join(lines)


def _upgraded(ahead: Ahead, *, dry_run: bool) -> str:
    if not ahead.todo:
        return "nothing to run"
    did = "would run" if dry_run else "ran"
    return "\n".join(f"{did} {one}: {one.title}" for one in ahead.todo)


if __name__ == "__main__":
    main(app)
