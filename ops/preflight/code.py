"""The checklist's "Code Quality Gates": what CI and reviewers said of the commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from ops.checklist import Line
from ops.errors import CouldNotFindOut, Refused
from ops.preflight.line import line

if TYPE_CHECKING:
    from ops.preflight.git_host import Check, GitHost

APPROVALS: Final = 2
COVERAGE_PERCENT: Final = 80.0
GATES: Final = ("tests", "lint", "types", "audit")
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def look(host: GitHost, commit: str, names: Mapping[str, Sequence[str]]) -> list[Line]:
    """A line for each gate, for coverage and for approvals.

    `names` are the checks of each gate as the Git host calls them.
    """
    asked: list[dict[str, Check]] = []

    def checks() -> dict[str, Check]:
        if not asked:
            asked.append(host.checks(commit))
        return asked[0]

    lines = [line(gate, partial(_gate, checks, names, gate)) for gate in GATES]
    lines.append(line("coverage", lambda: _covered(checks(), names.get("coverage", ()))))
    lines.append(line("approvals", lambda: _approved(host.approvals(commit))))
    return lines


def _gate(
    checks: Callable[[], Mapping[str, Check]], names: Mapping[str, Sequence[str]], gate: str
) -> str:
    return _passed(checks(), names.get(gate, ()), gate)


def _passed(checks: Mapping[str, Check], names: Sequence[str], gate: str) -> str:
    for each in _found(checks, names, gate):
        if not each.conclusion:
            raise CouldNotFindOut(f"check {each.name} is still running: wait for its end")
        if each.conclusion not in {"success", "neutral"}:
            raise Refused(f"check {each.name} ended with {each.conclusion}: mend it first")
    return f"passed: {', '.join(names)}"


def _covered(checks: Mapping[str, Check], names: Sequence[str]) -> str:
    said = []
    for each in _found(checks, names, "coverage"):
        numbers = _PERCENT.findall(each.summary)
        if not numbers:
            raise CouldNotFindOut(
                f"check {each.name} reports no percentage (it says {each.summary[:80]!r}): let it "
                "say the coverage in its title or description"
            )
        percent = float(numbers[0])
        if percent < COVERAGE_PERCENT:
            raise Refused(
                f"{each.name}: {percent:g} % is covered, {COVERAGE_PERCENT:g} % is the least"
            )
        said.append(f"{each.name} {percent:g} %")
    return ", ".join(said)


def _approved(who: Sequence[str]) -> str:
    if len(who) < APPROVALS:
        told = ", ".join(who) or "nobody"
        raise Refused(
            f"what was merged is approved by {told}; {APPROVALS} people other than its author are "
            "needed, after its last push"
        )
    return f"by {', '.join(who)}"


def _found(checks: Mapping[str, Check], names: Sequence[str], gate: str) -> list[Check]:
    if not names:
        raise CouldNotFindOut(
            f"no check is named for it: `pulumi config set --path 'release.checks.{gate}[0]' NAME`"
        )
    missing = [name for name in names if name not in checks]
    if missing:
        known = ", ".join(sorted(checks)) or "none"
        raise CouldNotFindOut(
            f"the commit has no check {', '.join(missing)} (it has: {known}): has CI run on it?"
        )
    return [checks[name] for name in names]
