"""The acts of `scripts/migrate.py`: each looks at everything, then runs Jobs, then records."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ops import backups, config, failpoint, schema, schema_record
from ops.backups import freshness
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.image import version_of
from ops.migrations import lint, target, tenants
from ops.migrations.image import Phase, Plan, Revision, parse
from ops.migrations.job import Command
from ops.migrations.jobs import Jobs, Outcome
from ops.migrations.target import Target
from ops.migrations.tenants import Tenant

if TYPE_CHECKING:
    from ops.backups.engine import Engine
    from ops.cluster import Cluster
    from ops.operations import Operations
    from ops.stack import Stack

Say = Callable[[str], None]

LOOK_SECONDS: Final = 300
"""Longest time of what changes nothing: an image to fetch, a full cluster, then seconds."""


@dataclass(frozen=True)
class Ahead:
    """What an upgrade would do: the pending migrations up to its goal, and who uses the schema."""

    plan: Plan
    todo: Sequence[Revision]
    tenants: Sequence[Tenant]

    @property
    def contracts(self) -> bool:
        """Whether something is taken away."""
        return any(one.phase is Phase.CONTRACT for one in self.todo)

    @property
    def after(self) -> schema.Database:
        """How the database would stand."""
        return self.plan.after(self.todo[-1]) if self.todo else self.plan.database


@dataclass
class Migrations:
    """Migrations of one stack. `say` gets lines of progress."""

    stack: Stack
    operations: Operations
    cluster: Cluster
    say: Say
    connect: Callable[[Operations, str], Engine] = backups.connect

    @property
    def jobs(self) -> Jobs:
        """What runs commands of the image."""
        return Jobs(self.cluster, self.operations.migrations.command, self.say)

    def target(self, color: Color | None, version: str | None = None) -> Target:
        """The image to use: `version`, else what the configuration has for the color.

        That may be newer than what is deployed: the schema comes first. Without a color it is the
        one that does not serve, unless the other one's image is known to be the newer. Raises
        UsageError, CouldNotFindOut.
        """
        if not self.operations.migrations.enabled:
            raise UsageError(
                f"stack {self.stack.name} does not migrate (legal-ai:migrations.enabled is false)"
            )
        configured = self._configured()
        chosen = color or self._usual(configured)
        wanted = version or configured.get(chosen)
        if wanted is None:
            raise UsageError(
                f"{chosen} has no version: give --version, or `pulumi config set --path "
                f"{chosen}.version VERSION` first"
            )
        found = target.find(self.cluster, self.operations.migrations.service, chosen)
        return found.with_version(wanted)

    def plan(self, to: Target) -> Plan:
        """Image and database, asked of the image. Raises what its Job raises."""
        outcome = self.jobs.run(to, Command(("plan", "--json")), LOOK_SECONDS)
        outcome.require_done()
        return replace(parse(outcome.answer()), digest=outcome.digest)

    def ahead(self, to: Target, goal: str) -> Ahead:
        """What an upgrade to `goal` would do."""
        plan = self.plan(to)
        return Ahead(plan, plan.until(goal), tenants.read(self.cluster, self.operations))

    def upgrade(self, to: Target, goal: str, *, dry_run: bool) -> Ahead:
        """Run the pending migrations up to `goal`, look at the database, record it.

        Raises Refused or CouldNotFindOut before anything has changed where a contract would take
        away what some color needs, a finding has no justification, or production has nothing fresh
        and proven to go back to.
        """
        ahead = self.ahead(to, goal)
        if ahead.todo:
            self.require_nobody_loses(ahead)
            lint.enforce(lint.lint(ahead.plan.sql, ahead.todo))
            self.require_fresh_backup()
        if not dry_run:
            self._upgrade(to, ahead)
        return ahead

    def verify(self, to: Target) -> list[dict[str, str]]:
        """The image's checks of the database, which is recorded. Bad ones are not raised."""
        outcome = self.jobs.run(to, Command(("verify", "--json")), LOOK_SECONDS)
        if outcome.code not in (0, 1):
            outcome.require_done()
        self._record(outcome)
        checks: list[dict[str, str]] = outcome.answer()["checks"]
        return checks

    def downgrade(self, to: Target, goal: str, *, dry_run: bool) -> Sequence[Revision]:
        """Take back everything above `goal`. Returns what that is, newest first.

        Where that is nothing, it says which revision a downgrade by one goes back to.
        Raises Refused where a color with traffic would not fit, or the image is not the newest.
        """
        plan = self.plan(to)
        if plan.is_ahead:
            raise Refused(
                f"the database is at {plan.database.revision}, which {to.image} does not have: use "
                "the newest image, with --color or --version"
            )
        taken = plan.above(goal)
        found = tenants.read(self.cluster, self.operations)
        bad, others = tenants.downgrade_problems(found, plan.after(plan.find(goal)))
        if taken and bad:
            raise Refused(_listed(f"{goal} is too far back for a color with traffic", bad))
        for other in others if taken else ():
            self.say(f"will not be ready afterwards: {other}")
        if not taken:
            self.say(f"nothing is above {goal}: {plan.one_back()}")
        if taken and not dry_run:
            self._record(self._write(to, Command(("downgrade", goal), writes=True)))
        return taken

    def backfill(self, to: Target, batch: int, pause: float, seconds: int) -> Outcome:
        """Bring rows over in batches, for `seconds` at most; a rerun goes on where it ended."""
        arguments = ("backfill", "--batch", str(batch), "--pause", f"{pause:g}")
        outcome = self._write(to, Command(arguments, writes=True), seconds)
        self._record(outcome)
        return outcome

    def require_nobody_loses(self, ahead: Ahead) -> None:
        """Raise Refused where a contract takes away what a deployed image needs."""
        if not ahead.contracts:
            return
        problems = tenants.contract_problems(ahead.tenants, ahead.after)
        if problems:
            raise Refused(
                _listed("the contract would take away what a color needs", problems)
                + "\nDeploy a newer version to that color, or take its version out of the "
                "configuration, and `pulumi up`; then run this again. Nothing was changed"
            )

    def require_fresh_backup(self) -> None:
        """Raise Refused in production without a fresh restore point and a recent proof."""
        if self.operations.environment != "production":
            return
        engine = self.connect(self.operations, self.stack.short_name)
        problems = freshness.problems(
            engine.backups(),
            engine.window(),
            self.operations.backups,
            self.cluster.server_now(),
        )
        if problems:
            raise Refused(
                _listed("there is nothing fresh and proven to go back to", problems)
                + "\nNothing was changed"
            )

    def newest(self) -> Color:
        """The color whose image knows the highest level: the one that can downgrade."""
        found = [one for one in tenants.read(self.cluster, self.operations) if one.image]
        if not found:
            raise CouldNotFindOut(
                "no color is deployed with an image whose schema range is recorded: say which one "
                "is to downgrade, with --color"
            )
        return max(found, key=lambda tenant: tenant.image.level if tenant.image else 0).color

    def _upgrade(self, to: Target, ahead: Ahead) -> None:
        if ahead.todo:
            allowed = ("--allow-contract",) if ahead.contracts else ()
            goal = ahead.todo[-1].id
            command = Command(("upgrade", "--to", goal, *allowed), writes=True)
            self._record(self._write(to, command))
        checks = self.verify(to)
        if schema.problem(ahead.plan.image, ahead.after):
            self.say(f"{to.image} itself needs more than that; it does not run yet")
            checks = [each for each in checks if each["name"] != "fit"]
        bad = [each["detail"] for each in checks if each["verdict"] != "good"]
        if bad:
            raise Refused(_listed("migrated, but the database is not as it should be", bad))

    def _write(self, to: Target, command: Command, seconds: int | None = None) -> Outcome:
        limit = seconds or self.operations.migrations.timeout_seconds
        outcome = self.jobs.run(to, command, limit)
        outcome.require_done()
        return outcome

    def _record(self, outcome: Outcome) -> None:
        if outcome.message is None:
            raise CouldNotFindOut(
                f"Job {outcome.job} left no message with its schema range, so nothing was recorded "
                "and the gate can't know it: see docs/migrations.md, what an image must do"
            )
        schema_record.remember(self.cluster, outcome.image, outcome.message)
        failpoint.reach("migrate.recorded")

    def _usual(self, configured: dict[Color, str]) -> Color:
        active = self.operations.active_color
        standby = active.other
        if standby not in configured:
            return active
        images = schema_record.read(self.cluster).images.items()
        levels = {version_of(ref): image.level for ref, image in images}
        # What was never asked for its range was never deployed: it is the newer one.
        ahead = levels.get(configured.get(active, ""), 0)
        return active if ahead > levels.get(configured[standby], math.inf) else standby

    def _configured(self) -> dict[Color, str]:
        """Versions by color, as the stack's configuration has them now."""
        given = self.stack.config()
        return {color: found for color in Color if (found := config.version_of(given, color))}


def _listed(title: str, problems: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  - {problem}." for problem in problems)])
