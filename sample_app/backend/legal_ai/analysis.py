"""The analysis of a document: plain counting, so that tests know what comes out."""

import re
from dataclasses import asdict, dataclass
from typing import Any

CLAUSES = {
    "confidentiality": ("confidential", "non-disclosure"),
    "governing law": ("governing law", "governed by", "jurisdiction"),
    "indemnity": ("indemnif", "hold harmless"),
    "liability": ("liability", "liable", "damages"),
    "payment": ("payment", "invoice", "fee"),
    "termination": ("terminat",),
    "warranty": ("warrant",),
}
RISKY = ("unlimited", "sole discretion", "irrevocable", "perpetual", "without notice", "waive")
MAX_TEXT = 1_000_000

_READABLE = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Analysis:
    """What was found; `risk` is 0..100."""

    words: int
    clauses: list[str]
    risks: list[str]
    risk: int

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and answered."""
        return asdict(self)


def readable(content: bytes) -> str:
    """Return the text in `content`, as far as it can be read without knowing the format."""
    text = content[:MAX_TEXT].decode("utf-8", errors="ignore")
    return " ".join(_READABLE.sub(" ", text).split())


def analyze(text: str) -> Analysis:
    """Find the clauses and the risky words in `text`."""
    lower = text.lower()
    clauses = [name for name, marks in CLAUSES.items() if any(mark in lower for mark in marks)]
    risks = [word for word in RISKY if word in lower]
    missing = sum(name not in clauses for name in ("liability", "termination", "governing law"))
    return Analysis(
        words=len(text.split()),
        clauses=clauses,
        risks=risks,
        risk=min(100, 20 * len(risks) + 10 * missing),
    )


def summarize(text: str, found: Analysis) -> str:
    """Return a summary of one or two sentences."""
    first = _SENTENCE.split(text, maxsplit=1)[0][:200]
    about = ", ".join(found.clauses) or "no clause it knows"
    return f"{first} — {found.words} words; covers {about}; risk {found.risk} of 100."
