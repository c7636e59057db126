"""The documents that checks upload: how they are named, and how they are taken away again."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ops.application.visit import Answer, Visit
from ops.errors import Refused

PREFIX: Final = "deployment-check-"
STALE: Final = timedelta(hours=1)
"""A document this old was left by a run that was killed: none takes so long."""
GONE: Final = frozenset({404})


def new_name(ending: str) -> str:
    """A file name that no other run has."""
    return f"{PREFIX}{secrets.token_hex(6)}.{ending}"


def remove(visit: Visit, token: str, mine: str) -> str:
    """Delete the document `mine`, however often it arrived, and what killed runs left behind.

    Says what was deleted. Raises as `Visit.ask` does, and Refused if one is still found.
    """
    doomed = _doomed(visit, token, mine)
    for document in doomed:
        visit.ask("DELETE", f"/api/documents/{document}", token=token, expected=GONE)
    left = _doomed(visit, token, mine)
    if left:
        raise Refused(f"documents can't be deleted: {', '.join(left)}")
    return f"deleted {len(doomed)} of the checks' documents"


def _doomed(visit: Visit, token: str, mine: str) -> list[str]:
    path = f"/api/documents/search?q={PREFIX}"
    answer = visit.ask("GET", path, token=token)
    now = _server_time(answer)
    found = answer.json().get("documents")
    if not isinstance(found, list):
        raise Refused(f"GET {path} was answered without a list of documents")
    return [str(each["document_id"]) for each in found if _is_doomed(each, mine, now)]


def _is_doomed(document: dict[str, Any], mine: str, now: datetime | None) -> bool:
    name = str(document.get("filename", ""))
    if name == mine:
        return True
    try:
        made = datetime.fromisoformat(str(document.get("created_at")))
        return name.startswith(PREFIX) and now is not None and now - made > STALE
    except (ValueError, TypeError):
        return False


def _server_time(answer: Answer) -> datetime | None:
    """The server's own time: this machine's clock may be off."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
