"""The checks: what each asks, in how much time, and what has to come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from ops.application import leftovers
from ops.application.user import User, log_in
from ops.application.visit import Visit
from ops.errors import Refused
from ops.smoke_suite import document

NOT_LOGGED_IN: Final = frozenset({401, 403})


@dataclass
class Run:
    """What one check finds and another needs. `filename` is the document's, new in every run."""

    user: User
    filename: str = field(default_factory=lambda: leftovers.new_name("pdf"))
    token: str = field(default="", repr=False)
    document_id: str = ""
    uploaded: bool = False


@dataclass(frozen=True)
class Check:
    """One check. `needs` is what an earlier one has to have found for it.

    Seconds, for each of its requests: after `timeout` there was no answer, and an answer that
    took more than `budget` is right and too slow.
    """

    name: str
    act: Callable[[Visit, Run], str]
    timeout: float
    budget: float
    needs: Literal["", "token", "document_id"] = ""


def _health(path: str) -> Callable[[Visit, Run], str]:
    def act(visit: Visit, _: Run) -> str:
        status = visit.ask("GET", path).json().get("status", "ok")
        if status not in {"ok", "healthy", "up"}:
            raise Refused(f"GET {path} was answered 200 with status {status!r}")
        color, version = visit.visitor.identity.seen or ("", "")
        return f"{color} {version}"

    return act


def _login(visit: Visit, run: Run) -> str:
    run.token = log_in(visit, run.user)
    return f"{run.user.name} got a token"


def _protected(visit: Visit, run: Run) -> str:
    bare = visit.ask("GET", "/api/users/me", expected=NOT_LOGGED_IN)
    if bare.status not in NOT_LOGGED_IN:
        raise Refused("GET /api/users/me lets everybody in: it was answered without a token")
    found = visit.ask("GET", "/api/users/me", token=run.token).json()
    name = str(found.get("username", found.get("email", "")))
    if name.lower() != run.user.name.lower():
        raise Refused(f"GET /api/users/me answers as {name or 'nobody'}, not as {run.user.name}")
    return f"answers {name}, and nobody without a token"


def _upload(visit: Visit, run: Run) -> str:
    content = document.pdf(run.filename)
    run.uploaded = True
    answer = visit.ask(
        "POST",
        "/api/documents/upload",
        token=run.token,
        file=(run.filename, content, document.CONTENT_TYPE),
    ).json()
    run.document_id = str(answer.get("document_id") or "")
    if not run.document_id:
        raise Refused("the upload was answered without a document_id")
    size = answer.get("size", len(content))
    if size != len(content):
        raise Refused(f"{len(content)} bytes were sent, {size} arrived")
    return f"{len(content)} bytes"


def _analysis(visit: Visit, run: Run) -> str:
    path, body = "/api/documents/analyze", {"document_id": run.document_id}
    answer = visit.ask("POST", path, token=run.token, body=body).json()
    if answer.get("document_id", run.document_id) != run.document_id:
        raise Refused("the analysis is of another document than the one that was asked for")
    found = {key: value for key, value in answer.items() if key != "document_id" and value}
    if not found:
        raise Refused("the analysis of a document with text found nothing")
    return f"has {', '.join(sorted(found))}"


def _page(visit: Visit, _: Run) -> str:
    answer = visit.ask("GET", "/")
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("text/html"):
        raise Refused(f"GET / is no page: its type is {kind or 'not given'}")
    if b"</html>" not in answer.body.lower():
        raise Refused(f"the page does not come whole: {len(answer.body)} bytes without </html>")
    return f"{len(answer.body)} bytes"


CHECKS: Final = (
    Check("health", _health("/health"), timeout=5, budget=1),
    Check("API health", _health("/api/health"), timeout=5, budget=1),
    Check("database", _health("/api/health/database"), timeout=5, budget=1),
    Check("Redis", _health("/api/health/redis"), timeout=5, budget=1),
    Check("authentication", _login, timeout=10, budget=2),
    Check("protected endpoint", _protected, timeout=5, budget=1, needs="token"),
    Check("document upload", _upload, timeout=30, budget=5, needs="token"),
    Check("AI analysis", _analysis, timeout=60, budget=30, needs="document_id"),
    Check("page", _page, timeout=10, budget=2),
)
