"""Passwords and tokens, kept out of every text that a check prints or writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

HIDDEN = "***"


@dataclass
class Hidden:
    """The secrets that are known so far."""

    _forms: set[str] = field(default_factory=set, repr=False)

    def add(self, secret: str) -> None:
        """Hide this one from now on, also as JSON and URLs write it."""
        if secret:
            escaped = json.dumps(secret)[1:-1]
            self._forms |= {secret, escaped, quote(secret, safe=""), quote_plus(secret)}

    def hide(self, text: str) -> str:
        """The text with every secret replaced; the longest first, as one may be in another."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text
