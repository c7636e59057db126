"""The looks of a release at a stack: checklist, warm-up, smoke tests, browser, background."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops import background, operations
from ops.application import identity, user
from ops.application.identity import Identity
from ops.application.visit import Visitor
from ops.errors import CouldNotFindOut
from ops.preflight import images, looking
from ops.release import preflight
from ops.smoke_suite import Suite
from ops.warmup import Rules, Target, WarmUp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ops.application.user import User
    from ops.checklist import Line
    from ops.cluster import Cluster
    from ops.release.entry import Release
    from ops.release.tools import Say
    from ops.stack import Stack
    from ops.verdict import Finding

PICTURES = Path("verify-ui")


@dataclass(frozen=True)
class StackChecks:
    """`ops.release.tools.Checks`. What was deployed is read anew for each.

    `browser` is the path of another Chromium, `prometheus` another URL.
    """

    stack: Stack
    cluster: Cluster
    say: Say
    browser: str | None = None
    prometheus: str | None = None

    def preflight(self, release: Release) -> list[Line]:
        """The checklist."""
        return preflight.look(self.stack, self.cluster, release, self.say, self.prometheus)

    def warm_up(self, release: Release) -> str:
        """Warm the color up through its preview host."""
        url, allowed = self._place(release)
        target = Target(release.color, url, allowed, self._user(release))
        options = release.options
        rules = Rules(
            seconds=options.warmup_seconds,
            most_seconds=Rules.most_seconds * options.time_factor,
            tolerance_percent=Rules.tolerance_percent * options.time_factor,
        )
        return str(WarmUp(target, rules, self.cluster, self.say).run())

    def smoke(self, release: Release) -> list[Line]:
        """The smoke tests on its preview host, and that it runs what passed staging."""
        url, allowed = self._place(release)
        with closing(Visitor(url, allowed)) as visitor:
            suite = Suite(visitor, self._user(release), self.say, release.options.time_factor)
            lines = suite.run()
        return [*lines, *self.images(release)]

    def digests(self, release: Release) -> Mapping[str, tuple[str, ...]]:
        """What its images turned out to be."""
        return images.require_running(self.cluster, release.color, release.version).known

    def images(self, release: Release) -> list[Line]:
        """Whether they are those that passed staging."""
        return looking.deployed(self.stack, self.cluster, release.color, release.version)

    def browse(self, release: Release) -> list[Line]:
        """The manual checklist in a browser, on its preview host."""
        # Playwright takes a while, and is for this alone.
        from ops.ui_check import Walk  # noqa: PLC0415
        from ops.ui_check.browser import find, opened  # noqa: PLC0415
        from ops.ui_check.put_back import PutBack  # noqa: PLC0415
        from ops.ui_check.witness import Witness  # noqa: PLC0415

        program = find(self.browser)
        url, allowed = self._place(release)
        with closing(Visitor(url, allowed)) as visitor, opened(program) as chromium:
            # The browser is another visitor than the one who puts things back.
            witness = Witness(url, Identity(allowed.allowed))
            put_back = PutBack(visitor, self._user(release))
            walk = Walk(witness, put_back, PICTURES, self.say, release.options.time_factor)
            return walk.run(chromium)

    def background(self) -> Sequence[Finding]:
        """Why it is not exactly one color that runs workers and cron jobs."""
        found = background.running(self.cluster)
        return background.judge(found, is_wanted=background.wanted(self.cluster))

    def _place(self, release: Release) -> tuple[str, Identity]:
        """The color's preview host, and that the release's version has to answer there."""
        facts = operations.read(self.stack)
        url = facts.preview_urls.get(release.color)
        if url is None:
            raise CouldNotFindOut(
                f"{release.color} has no preview host by what was deployed last, so it was not "
                "deployed: `scripts/release.py --abort`, then anew with `--from deploy`"
            )
        return url, identity.of_stack(facts, url, release.color, release.version)

    def _user(self, release: Release) -> User:
        return user.of_cluster(self.cluster, release.color)
