"""Where databases stand and how the stack is sent from one to another."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from ops.backups.engine import Say
from ops.database import Address
from ops.restore.source import Source


class Place(Protocol):
    """The databases of one stack by name. Every act can be killed anywhere and run again."""

    @property
    def current(self) -> str:
        """The one that the application uses, by the last `pulumi up`."""
        ...

    def free_name(self) -> str:
        """The name of the next one; nothing has it."""
        ...

    def app(self, name: str) -> Address:
        """How the application reaches a database that is there."""
        ...

    def admin(self, name: str) -> Address:
        """How a role reaches it that may end sessions and revoke rights."""
        ...

    def restore(self, source: Source, name: str, say: Say) -> None:
        """Make `name` out of `source`, whole; the application does not use it yet."""
        ...

    def send_to(self, name: str, say: Say) -> None:
        """Have both colors use `name`: the configuration, then `pulumi up`."""
        ...

    def discard(self, source: Source, name: str, say: Say) -> str:
        """Take away a restored database that was never used. Says what became of it."""
        ...


def renamed(url: str, database: str) -> str:
    """The same URL with another database in it, and not a letter else changed."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(database, safe='')}"))
