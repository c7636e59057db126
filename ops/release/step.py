"""The steps of a release, in their order, and what each is called for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """One step. The schema is expanded before pods that need it start (docs/releasing.md)."""

    PREFLIGHT = "preflight"
    SILENCE = "silence"
    BACKUP = "backup"
    VERIFY = "verify"
    MIGRATE = "migrate"
    DEPLOY = "deploy"
    WARM_UP = "warm-up"
    SMOKE = "smoke"
    BROWSER = "browser"
    SHIFT = "shift"
    WATCH = "watch"
    KEEP = "keep"
    DECOMMISSION = "decommission"
    NOTIFY = "notify"

    @property
    def number(self) -> int:
        """Its place, from 0."""
        return list(Step).index(self)

    @property
    def next(self) -> Step | None:
        """The one behind it; None behind the last."""
        return next((step for step in Step if step.number == self.number + 1), None)


WHAT: Final[Mapping[Step, str]] = {
    Step.PREFLIGHT: "look through the checklist",
    Step.SILENCE: "silence warnings (never what the agent rolls back by)",
    Step.BACKUP: "take a backup",
    Step.VERIFY: "prove it by a restore",
    Step.MIGRATE: "expand the schema from the new image; nothing is taken away",
    Step.DEPLOY: "deploy to the color in standby",
    Step.WARM_UP: "warm it up until it is steady",
    Step.SMOKE: "smoke tests on its preview host",
    Step.BROWSER: "the manual checklist, in a browser",
    Step.SHIFT: "move public traffic",
    Step.WATCH: "watch the new color with all traffic",
    Step.KEEP: "keep the old color, and go on watching",
    Step.DECOMMISSION: "the old color to 0 replicas",
    Step.NOTIFY: "end the silence, tell people",
}
