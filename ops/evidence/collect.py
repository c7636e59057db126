"""Evidence collected: what can't be had is said and keeps nothing else from being kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops import failpoint
from ops.errors import CouldNotFindOut, OpsError
from ops.times import stamp

if TYPE_CHECKING:
    from ops.backups.engine import Say
    from ops.evidence.folder import Folder
    from ops.evidence.pieces import Piece


@dataclass(frozen=True)
class Collected:
    """How many pieces this run added, how many were there, and how many files there are now."""

    added: int
    found: int
    files: int


def collect(
    folder: Folder, sources: Iterable[Callable[[], Iterable[Piece]]], by: str, say: Say
) -> Collected:
    """Keep every piece that is not there yet, then the checksums.

    Raises CouldNotFindOut at the end where something could not be had; run again, only that is
    tried.
    """
    with folder.opened():
        return _collect(folder, sources, by, say)


def _collect(
    folder: Folder, sources: Iterable[Callable[[], Iterable[Piece]]], by: str, say: Say
) -> Collected:
    began = stamp(datetime.now(UTC))
    added, found, problems = 0, 0, list[OpsError]()
    for source in sources:
        try:
            for piece in source():
                if folder.has(piece.name):
                    found += 1
                    continue
                try:
                    folder.keep(piece.name, piece.take)
                except OpsError as error:
                    say(f"{piece.name}: {error}")
                    problems.append(error)
                    continue
                say(f"kept {piece.name}")
                added += 1
                failpoint.reach("evidence.kept")
        except CouldNotFindOut as error:
            say(str(error))
            problems.append(error)
    told = {"began": began, "by": by, "added": added, "problems": [str(e) for e in problems]}
    folder.keep(f"runs/{_name(folder, began)}", lambda file: file.write(json.dumps(told).encode()))
    done = Collected(added, found, folder.seal())
    if problems:
        first = problems[0]
        kind = type(first) if isinstance(first, CouldNotFindOut) else CouldNotFindOut
        raise kind(
            f"{len(problems)} pieces of evidence could not be had; {added} were added to "
            f"{folder.path}. The first: {first}. Run the same command again to go on"
        )
    return done


def _name(folder: Folder, began: str) -> str:
    """Of two runs in one second each has its own."""
    number = 1
    while folder.has(f"runs/{began}-{number}.json"):
        number += 1
    return f"{began}-{number}.json"
