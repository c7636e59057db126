"""Pure: whom to call in which order, and what to run first, by the runbook's emergency chapter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from ops.incident.entry import Nature
from ops.rotation.providers import PROVIDERS

SEVERITY: Final[Mapping[Nature, str]] = {
    Nature.OUTAGE: "P0, all hands",
    Nature.CORRUPTION: "P1, urgent",
    Nature.BREACH: "P0, do not delay",
}
_CALL: Final = (
    "primary on-call, at once",
    "secondary on-call, at once",
    "team lead, if nobody answers within 15 minutes",
    "engineering manager, at once for P0, else after 30 minutes without an answer",
    "CTO, after an hour without an answer",
)
_SECURITY: Final = (
    "security@legal-ai-system.com, and the on-call security engineer by phone, at once",
    "Slack #security-incidents",
)
_STEPS: Final[Mapping[Nature, tuple[str, ...]]] = {
    Nature.OUTAGE: (
        "scripts/incident.py assess                     # what answers, and what does not",
        "scripts/diagnose.py                            # why, and what mends it",
        "scripts/restart.py COLOR                       # quick fixes, ten minutes at most",
        "scripts/clear_cache.py",
        "scripts/emergency_rollback.py --reason WHY     # then back to what worked",
        "scripts/restore_production_db.py latest        # if it is the data",
        "scripts/incident.py update TEXT                # every 15 minutes",
    ),
    Nature.CORRUPTION: (
        "scripts/maintenance.py on REASON --fence       # no more writes",
        "scripts/backup_production_db.py corruption     # as it is now, before any fix",
        "scripts/restore_production_db.py TIME --dry-run  # what it would bring back",
        "scripts/restore_production_db.py TIME",
        "scripts/incident.py update TEXT",
    ),
    Nature.BREACH: (
        "scripts/incident.py isolate REASON --yes-isolate STACK   # nobody gets in",
        "scripts/incident.py evidence --into FOLDER     # before anything is restarted",
        "scripts/clear_cache.py --sessions              # everybody has to log in again",
        # A stolen login needs no way in; the JWT secret is of use once people get in again, and
        # needs nobody; keys wait for a person, who makes the new ones.
        "scripts/rotate_db_password.py --now            # the old login's sessions end",
        "scripts/rotate_jwt_secret.py --now             # before anybody gets in again",
        f"scripts/rotate_api_keys.py {' '.join(PROVIDERS)}  # asks for the new; revoke the old",
        "scripts/incident.py reopen                     # once the hole is closed",
    ),
}


def text(nature: Nature, day: date) -> str:
    """The list that people go by; `day` names the channel."""
    people = (*(_SECURITY if nature is Nature.BREACH else ()), *_CALL)
    return "\n".join(
        [
            f"{nature}: {SEVERITY[nature]}",
            "call, by phone if a message is not answered:",
            *(f"  [ ] {each}" for each in people),
            f"channel: Slack #incident-{day.isoformat()} with DevOps, Backend, Frontend, Product",
            "run:",
            *(f"  [ ] {each}" for each in _STEPS[nature]),
        ]
    )
