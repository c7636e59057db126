"""Pure: moments and spans of time as text, for programs and for people."""

from datetime import UTC, datetime, timedelta


def rfc3339(at: datetime) -> str:
    """The moment in UTC with Z; microseconds where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def stamp(at: datetime) -> str:
    """The same to the second: when something began or ended."""
    return rfc3339(at.replace(microsecond=0))


def moment(text: str, zone: str = "") -> str:
    """An RFC 3339 time for people, in UTC to the second; `zone` is written behind it.

    Any other text stays as it is, and so does a time without a zone: it may be anybody's.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S}{zone}" if found.tzinfo else text


def ago(span: timedelta) -> str:
    """A span of time as people say it: `90 s`, `42 min`, `3.5 h`, `12 days`."""
    seconds = span.total_seconds()
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / 86400:.3g} days"
