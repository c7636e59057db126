"""What the application reported of a version: Sentry's new issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ops.errors import CouldNotFindOut, Refused
from ops.sentry import UNSET, Sentry

if TYPE_CHECKING:
    from ops.release_facts import SentryFacts

SHOWN: Final = 5


def nothing_new(facts: SentryFacts | None, version: str) -> str:
    """No kind of error was first seen in the version. Unconfigured is not known."""
    if facts is None:
        raise CouldNotFindOut(UNSET)
    found = Sentry(facts).new_issues(version)
    if found:
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise Refused(
            f"{len(found)} kinds of errors are new in {version}: "
            f"{'; '.join(map(str, found[:SHOWN]))}{more}. Mend them, or resolve them in Sentry"
        )
    return f"no unresolved issue was first seen in {version}"
