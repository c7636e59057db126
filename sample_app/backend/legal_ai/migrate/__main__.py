"""Bring the database to this image's schema, or say how it stands.

Without a command: run what a bare deployment may run (expanding migrations), and seed.
Exit codes: 0 done or nothing to do; 1 failed or bad, run it again; 2 wrong environment or
arguments; 3 refused: this image and this database, or this act, do not go together.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from ..release import Release, read_release
from . import offline, plan, report, steps
from .backfill import Pace, backfill
from .errors import FAILED, REFUSED, MigrateError
from .options import read_options
from .revisions import HEAD
from .session import Session
from .verify import verify

MOST_ROWS = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; returns the exit code, and leaves the termination message."""
    given = _parser().parse_args(arguments)
    release = read_release()
    session: Session | None = None
    code, result = 0, ""
    try:
        if given.command == "sql":
            _print(offline.sql(given.between))
            result = "printed the SQL"
        else:
            session = Session.open(read_options(), release, _tell)
            code, result = _act(session, given)
    except (MigrateError, CommandError) as error:
        code, result = getattr(error, "code", REFUSED), str(error)
        _tell(f"{release.version}: not done: {result}")
    except SQLAlchemyError as error:
        code, result = FAILED, str(getattr(error, "orig", None) or error).strip()
        _tell(f"{release.version}: failed, safe to run again: {result}")
    _leave(release, session, result)
    return code


def _act(session: Session, given: argparse.Namespace) -> tuple[int, str]:
    """Do it; returns the exit code and what to tell of it later."""
    if given.command == "plan":
        _print(json.dumps(plan.plan(session)) if given.json else plan.in_words(session))
        return 0, "planned"
    if given.command == "verify":
        checks = verify(session)
        bad = [check.detail for check in checks if check.verdict == "bad"]
        lines = [f"{check.verdict:4} {check.name}: {check.detail}" for check in checks]
        found = {"checks": [check.as_json() for check in checks]}
        _print(json.dumps(found) if given.json else "\n".join(lines))
        return (FAILED if bad else 0), "; ".join(bad) or "verified"
    if given.command == "upgrade":
        result = steps.upgrade(session, given.to, allow_contract=given.allow_contract)
    elif given.command == "downgrade":
        result = steps.downgrade(session, given.to)
    elif given.command == "backfill":
        result = backfill(session, Pace(given.batch, given.pause))
    else:
        result = steps.expand(session)
    _tell(f"{session.release.version}: {result}")
    return 0, result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python3 -m legal_ai.migrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("expand", help="the same as no command")
    told = commands.add_parser("plan", help="what an upgrade to the head would run")
    told.add_argument("--json", action="store_true")
    printed = commands.add_parser("sql", help="the SQL between two revisions")
    printed.add_argument("between", metavar="FROM:TO")
    up = commands.add_parser("upgrade", help="run everything up to a revision")
    up.add_argument("--to", default=HEAD, metavar="REV|head")
    up.add_argument("--allow-contract", action="store_true", help="run contracts too")
    down = commands.add_parser("downgrade", help="take back everything above a revision")
    down.add_argument("to", metavar="REV|base")
    looked = commands.add_parser("verify", help="revision, levels, indexes, models against tables")
    looked.add_argument("--json", action="store_true")
    filled = commands.add_parser("backfill", help="bring rows to new columns, in batches")
    filled.add_argument("--batch", type=_rows, default=1000, help="rows a transaction")
    filled.add_argument("--pause", type=_seconds, default=0.0, help="seconds between two")
    return parser


def _rows(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ROWS:
        raise argparse.ArgumentTypeError(f"{text} is no number of rows, 1 to {MOST_ROWS}")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return seconds


def _leave(release: Release, session: Session | None, result: str) -> None:
    state = None
    if session is not None:
        with suppress(SQLAlchemyError, MigrateError):
            state = session.state()
    report.leave(release, state, result)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
