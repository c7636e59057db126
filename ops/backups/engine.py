"""What every way of backing up can do: pg_dump with archived WAL, and the snapshots of RDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from ops.backups.model import Backup, Check, Window

Say = Callable[[str], None]
"""Gets a line of progress."""


class Engine(Protocol):
    """The backups of one database. Every act can be killed anywhere and run again.

    Everything raises UsageError (an argument, a password, a missing program), Refused (it can't be
    done as things stand; nothing is half done) or CouldNotFindOut (no answer).
    """

    def backups(self) -> list[Backup]:
        """The complete ones, oldest first."""
        ...

    def plan(self, label: str | None) -> str:
        """What `take` would do, in a sentence; what can be checked without a change is."""
        ...

    def take(self, label: str | None, tags: Mapping[str, str], say: Say) -> Backup:
        """Take one now, and return once it is whole. Adds revision, level and label to `tags`."""
        ...

    def find(self, wanted: str) -> Backup:
        """The one that `latest`, an id or an unshared label names; UsageError names what is."""
        ...

    def window(self) -> Window | None:
        """The moments that can be restored now; None where there is no point in time."""
        ...

    def examine(self, backup: Backup, say: Say) -> list[Check]:
        """Whether what is stored is what was stored, as far as that shows without a restore."""
        ...

    def restore(self, source: Backup | datetime, target: str, say: Say) -> str:
        """Restore into a new database or instance `target`; returns its admin URL.

        Finishes what a killed run of the same began; one that is there already, of the same source,
        is returned as it is. Refuses a `target` that is not ours, and a moment outside the window.
        """
        ...

    def scratch(self, purpose: str) -> AbstractContextManager[str]:
        """A fresh scratch name to `restore` into, held by this run and dropped at the end.

        Scratches of dead runs are dropped first. `purpose` is written on it, for people.
        """
        ...

    def scratches(self) -> list[str]:
        """The scratches that no live run holds."""
        ...

    def drop_scratch(self, name: str) -> None:
        """Drop one; refuses names that are no scratch. Nothing to do where it is gone."""
        ...

    def tag(self, backup: Backup, tags: Mapping[str, str]) -> None:
        """Add to the tags of a backup, or overwrite them."""
        ...

    def keep_report(self, backup: Backup, report: Mapping[str, Any]) -> None:
        """Keep the report of a verification beside the backup, where there is such a place."""
        ...
