"""What each step does. Each can be killed anywhere and done again, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from ops import checklist, config, verdict
from ops.checklist import Line
from ops.config import ColorConfig
from ops.errors import CouldNotFindOut, Refused
from ops.notify import Event
from ops.preflight.names import DIGESTS, STAGING
from ops.preflight.system import BACKGROUND
from ops.release import deploying, images
from ops.release.entry import Release
from ops.release.step import Step
from ops.release.watching import require_arrived, watch
from ops.shift import procedure
from ops.shift.beginning import Wish

if TYPE_CHECKING:
    from ops.release.tools import Tools
    from ops.shift.tools import Tools as Shifting


@dataclass(frozen=True)
class Said:
    """What a step says, and what the release remembers of it."""

    lines: Sequence[str]
    changes: Mapping[str, Any] = field(default_factory=dict)
    is_skipped: bool = False


def _preflight(tools: Tools, release: Release) -> Said:
    found = [*tools.checks.preflight(release), _background(tools)]
    lines = checklist.accepted(found, release.options.accept)
    checklist.enforce(lines, "the checklist is not done; --accept NAME=REASON for what is unknown")
    told = (f"{line.name}: {line.detail}" for line in lines)
    return Said([*told, f"the checklist: {len(lines)} lines, all good or accepted"])


def _silence(tools: Tools, release: Release) -> Said:
    return Said([tools.silences.put(release.label, release.options.silence_minutes)])


def _backup(tools: Tools, release: Release) -> Said:
    taken = tools.data.back_up(release.label)
    return Said([f"backup {taken}"], {"backup": taken})


def _verify(tools: Tools, release: Release) -> Said:
    if not release.backup:
        return Said(["this release took no backup"], is_skipped=True)
    return Said([tools.data.verify(release.backup)])


def _migrate(tools: Tools, release: Release) -> Said:
    return Said(tools.data.expand(release))


def _deploy(tools: Tools, release: Release) -> Said:
    """As many pods as the color that serves: it is to carry everything."""
    wanted = ColorConfig(version=release.version, replicas=release.origin.replicas)
    config.write(tools.stack, release.color, wanted)
    changed = deploying.up(tools)
    return Said([*changed, f"{release.color} runs {release.version}, {_told(wanted.replicas)}"])


def _warm_up(tools: Tools, release: Release) -> Said:
    return Said([tools.checks.warm_up(release)])


def _smoke(tools: Tools, release: Release) -> Said:
    with images.noted(tools, release) as tested:
        found = tools.checks.smoke(release)
        accept = release.options.accept
        same = {DIGESTS: accept[STAGING]} if STAGING in accept else {}
        said = _checked(checklist.accepted(found, same), "the smoke tests")
    return replace(said, changes={"digests": tested})


def _browser(tools: Tools, release: Release) -> Said:
    return _checked(tools.checks.browse(release), "the browser check")


def _shift(tools: Tools, release: Release) -> Said:
    shifting, options = tools.shifting(), release.options
    _require_version(tools, shifting, release)
    found = shifting.journal.read()
    if found is not None and found.target is not release.color:
        # To the shift this release would be its way back, which nobody compares or watches.
        raise Refused(f"another shift is open: {found}. End it by `scripts/canary.py --abort`")
    wish = Wish(release.color, options.steps, options.step_seconds, switch_seconds=0.0)
    done = procedure.run(shifting, wish)
    how = f"by {', '.join(f'{step} %' for step in options.steps)}" if options.steps else "at once"
    told = f"{done}, {how}" if done else f"{release.color} had all traffic"
    return Said([told])


def _require_version(tools: Tools, shifting: Shifting, release: Release) -> None:
    """Raise Refused where the color has another version than the one that was tested for this."""
    color, wanted = release.color, release.version
    configured = config.of_color(tools.stack.config(), color).version
    deployed = shifting.deployed.get(color, "")
    if {configured, deployed} != {wanted}:
        raise Refused(
            f"this releases {wanted}; legal-ai:{color}.version is {configured or 'unset'}, and "
            f"deployed is {deployed or 'none'}. What was not tested is given no traffic. Set it "
            f"back by `pulumi config set --path legal-ai:{color}.version {wanted}` and `pulumi "
            "up`, then go on; or end this by `scripts/release.py --abort`, and release the other"
        )


def _watch(tools: Tools, release: Release) -> Said:
    return _watched(tools, release, release.options.watch_seconds)


def _keep(tools: Tools, release: Release) -> Said:
    return _watched(tools, release, release.options.keep_seconds)


def _decommission(tools: Tools, release: Release) -> Said:
    """The old color keeps its version, and its objects: a way back scales it up."""
    require_arrived(tools, release)
    verdict.enforce(tools.checks.background(), f"{BACKGROUND} are not in exactly one color")
    told, digests = images.later(tools, release)
    old = release.color.other
    before = config.of_color(tools.stack.config(), old)
    config.write(tools.stack, old, ColorConfig(version=before.version, replicas=0))
    changed = deploying.up(tools)
    verdict.enforce(tools.checks.background(), f"{BACKGROUND} are not in exactly one color")
    return Said([*told, *changed, f"{old} {before.version} has 0 replicas"], {"digests": digests})


def _notify(tools: Tools, release: Release) -> Said:
    ended = tools.silences.end(release.label)
    event = Event(
        kind="resolved" if release.paged else "release",
        title=f"{release.version} is released to {release.color}",
        text=f"Begun {release.started} by {release.by}. Way back: scripts/rollback_release.py",
        severity="info",
        fields={"color": str(release.color), "version": release.version, "by": release.by},
        dedup=release.incident,
    )
    failures = [str(failure) for failure in tools.tell(event)]
    return Said([ended, *failures], {"notes": (*release.notes, *failures)})


ACTS: Final[Mapping[Step, Callable[[Tools, Release], Said]]] = {
    Step.PREFLIGHT: _preflight,
    Step.SILENCE: _silence,
    Step.BACKUP: _backup,
    Step.VERIFY: _verify,
    Step.MIGRATE: _migrate,
    Step.DEPLOY: _deploy,
    Step.WARM_UP: _warm_up,
    Step.SMOKE: _smoke,
    Step.BROWSER: _browser,
    Step.SHIFT: _shift,
    Step.WATCH: _watch,
    Step.KEEP: _keep,
    Step.DECOMMISSION: _decommission,
    Step.NOTIFY: _notify,
}


def _background(tools: Tools) -> Line:
    try:
        found = tools.checks.background()
    except CouldNotFindOut as error:
        return Line(BACKGROUND, "unknown", str(error))
    if found:
        return Line(BACKGROUND, "bad", "; ".join(str(finding) for finding in found))
    return Line(BACKGROUND, "good", "in one color")


def _checked(lines: Sequence[Line], what: str) -> Said:
    checklist.enforce(lines, f"{what} did not pass")
    flaky = sum(line.retries for line in lines)
    told = f"{what}: all good" + (f", {flaky} broken connections" if flaky else "")
    return Said([*(f"{line.name}: {line.detail}" for line in lines), told])


def _watched(tools: Tools, release: Release, seconds: float) -> Said:
    if not seconds:
        require_arrived(tools, release)
        return Said(["not watched, as asked for"], is_skipped=True)
    return Said([watch(tools, release, seconds)])


def _told(replicas: int | dict[str, int] | None) -> str:
    if isinstance(replicas, dict):
        return ", ".join(f"{service} {number} replicas" for service, number in replicas.items())
    return f"{replicas} {'replica' if replicas == 1 else 'replicas'} a service"
