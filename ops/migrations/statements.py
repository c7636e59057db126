"""SQL of migrations cut into revisions and statements, just well enough to judge them by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_RUNNING: Final = re.compile(r"^-- Running upgrade \w* *-> (\w+)$", re.MULTILINE)
_TOKEN: Final = re.compile(
    r"""
      (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<end>;)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Piece:
    """The SQL of one revision, after the limits that a run's sessions have from their start."""

    revision: str
    sql: str


def pieces(sql: str) -> list[Piece]:
    """Cut what `alembic upgrade A:B --sql` prints: one piece a revision, in order.

    Each stands alone as it runs: a failed one is run again without those before it.
    """
    limits = sql.partition("BEGIN;")[0]
    parts = _RUNNING.split(sql)
    return [
        Piece(revision, f"{limits}BEGIN;\n{body.strip().removesuffix('BEGIN;')}")
        for revision, body in zip(parts[1::2], parts[2::2], strict=True)
    ]


def statements(sql: str) -> Iterator[str]:
    """Each statement in one line, without comments; quoted texts and bodies as `'…'` and `$…$`."""
    words: list[str] = []
    for token in _TOKEN.finditer(sql):
        if token["end"]:
            yield " ".join("".join(words).split())
            words = []
        elif token["comment"]:
            words.append(" ")
        else:
            words.append("'…'" if token["text"] else "$…$" if token["body"] else token[0])


def comments(sql: str) -> Iterator[str]:
    """Each comment; what looks like one inside a text is none."""
    for token in _TOKEN.finditer(sql):
        if token["comment"]:
            yield token["comment"]
