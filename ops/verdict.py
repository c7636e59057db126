"""Pure: may this change to the route, or to a color, go ahead? The truth table of the gate.

Functions here take facts and give findings; they read nothing and change nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ops import names, schema
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.hold import Hold
from ops.schema import Fit
from ops.state import LiveTraffic, WorkloadState


class Unjudged(CouldNotFindOut):
    """All was answered, and it is not enough to judge by: asking again helps only once mended."""


class Severity(StrEnum):
    """How much a finding weighs. `UNKNOWN` stops a change just as `REFUSED` does."""

    REFUSED = "refused"
    UNKNOWN = "unknown"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One reason, with what to do about it."""

    severity: Severity
    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.reason}. {self.mend}"


@dataclass(frozen=True)
class RouteChange:
    """What a new route would do: who is active, the percentages, the config's serial."""

    active: Color
    canary_weight: int
    serial: int
    weights: Mapping[Color, int]


@dataclass(frozen=True)
class ColorState:
    """A color as it lives: for each wanted workload (name -> image) its state, None if absent.

    `schema` is what is known of its image and the database; None where nobody migrates.
    """

    wanted: Mapping[str, str]
    workloads: Mapping[str, WorkloadState | None]
    schema: Fit | None = None


@dataclass(frozen=True)
class WorkloadChange:
    """What an update would make of a Deployment. `replicas` None: it would be deleted."""

    name: str
    color: Color
    replicas: int | None
    image: str


def judge_route(
    change: RouteChange,
    live: LiveTraffic | None,
    colors: Mapping[Color, ColorState],
    hold: Hold | None,
) -> list[Finding]:
    """Everything that speaks against the change. `live` is None before the first deployment.

    A color is only asked for its readiness when it gets weight: a broken color never blocks
    leaving it. One that keeps a part of what it has may go on losing weight while it is unwell,
    and that is a warning.
    """
    findings: list[Finding] = []
    if live is not None:
        findings += _judge_order(change, live) + judge_hold(change, hold)
    for color, weight in change.weights.items():
        if weight == 0:
            continue
        before = live.weights.get(color, 0) if live else 0
        losing = live is not None and weight < before
        for finding in judge_color(color, colors[color]):
            severity = Severity.WARNING if losing else finding.severity
            findings.append(Finding(severity, finding.reason, finding.mend))
    return findings


def judge_hold(change: RouteChange, hold: Hold | None) -> list[Finding]:
    """Whether the change gives weight to a color that a rollback took it from."""
    if hold is None or not change.weights.get(hold.color, 0):
        return []
    return [
        Finding(
            Severity.REFUSED,
            f"{hold}; this change would give {hold.color} {change.weights[hold.color]} % again",
            f"Acknowledge the rollback by `{names.ACKNOWLEDGE}`: it sets legal-ai:activeColor="
            f"{hold.target} and legal-ai:canaryWeight=0, which is live, and lifts the hold. "
            f"Switch again once {hold.color} is mended",
        )
    ]


def judge_color(color: Color, state: ColorState) -> list[Finding]:
    """Why a color is not fit for traffic; empty when nothing speaks against it.

    Every replica must be ready, at its version, and the database must have the schema it needs.
    """
    findings = []
    for name, image in state.wanted.items():
        workload = state.workloads.get(name)
        reason = _unready(name, workload, image)
        if reason:
            mend = (
                f"Let {color} become ready (`scripts/diagnose.py pods --color {color}`), "
                f"or keep {color} at weight 0"
            )
            findings.append(Finding(Severity.REFUSED, reason, mend))
    return findings + judge_schema(color, state.schema)


def judge_schema(color: Color, fit: Fit | None) -> list[Finding]:
    """Whether a color's image fits the database, as far as that was recorded."""
    if fit is None:
        return []
    if fit.image is None or fit.database is None:
        what = f"the schema range of {fit.ref}" if fit.image is None else "the database's schema"
        return [
            Finding(
                Severity.UNKNOWN,
                f"{color}: {what} is not recorded",
                f"Record it with `scripts/migrate.py verify --color {color}`",
            )
        ]
    reason = schema.problem(fit.image, fit.database)
    if reason is None:
        return []
    mend = (
        f"Bring the schema up with `scripts/migrate.py upgrade --color {color}`"
        if fit.database.level < fit.image.needs
        else f"Deploy a version to {color} that knows level {fit.database.floor} or more, or bring "
        "back what was taken away: `scripts/migrate.py plan` names the command"
    )
    return [Finding(Severity.REFUSED, f"{color}: {reason}", mend)]


def judge_workload(
    change: WorkloadChange,
    current: WorkloadState | None,
    live: LiveTraffic | None,
    hold: Hold | None,
) -> list[Finding]:
    """Why a Deployment must stay: its color serves the public, or a hold relies on it.

    Such a color may grow, shrink and change its settings; it can't go away, go to zero or change
    its version. What is not there yet can't be harmed.
    """
    if current is None:
        return []
    if hold is not None and hold.target == change.color:
        why = f"a rollback relies on {change.color} ({hold})"
        mend = f"Acknowledge the rollback first: `{names.ACKNOWLEDGE}`"
    elif live is not None and live.has_traffic(change.color):
        why = f"{change.color} has {live.weights[change.color]} % of the public traffic"
        mend = (
            f"Move the traffic to {change.color.other} first, in an `up` of its own, "
            "and repeat this when the route has moved"
        )
    else:
        return []
    act = _harm(change, current)
    return [Finding(Severity.REFUSED, f"{change.name} can't {act}: {why}", mend)] if act else []


def judge_serial(serial: int, live: LiveTraffic) -> list[Finding]:
    """Whether the configuration is an older one than what is live was made from."""
    if serial >= live.serial:
        return []
    return [
        Finding(
            Severity.REFUSED,
            f"this configuration is older than what is live: legal-ai:serial is {serial}, the "
            f"route has {live.serial}",
            "Get the current stack file (`git pull`), then run `pulumi up` again",
        )
    ]


def enforce(findings: Iterable[Finding], title: str) -> None:
    """Raise if any finding stops the change: `Refused`, or `Unjudged` if all are unknown."""
    stops = [f for f in findings if f.severity is not Severity.WARNING]
    if not stops:
        return
    text = "\n".join([title, *(f"  - {finding}." for finding in stops)])
    if all(finding.severity is Severity.UNKNOWN for finding in stops):
        raise Unjudged(text)
    raise Refused(text)


def _judge_order(change: RouteChange, live: LiveTraffic) -> list[Finding]:
    findings = judge_serial(change.serial, live)
    if live.active is not None and live.active != change.active and change.canary_weight != 0:
        findings.append(
            Finding(
                Severity.REFUSED,
                f"legal-ai:canaryWeight is {change.canary_weight} while the active color changes "
                f"from {live.active} to {change.active}: {change.canary_weight} % would stay on, "
                f"or go back to, {change.active.other}",
                "Set both in one command: `pulumi config set-all --plaintext "
                f"legal-ai:activeColor={change.active} --plaintext legal-ai:canaryWeight=0`",
            )
        )
    return findings


def _unready(name: str, workload: WorkloadState | None, image: str) -> str:
    if workload is None:
        return f"{name} does not exist"
    if workload.image != image:
        return f"{name} is deployed as {workload.image or 'nothing'}, wanted is {image}"
    strangers = [r for r in workload.replicas if r.image != image]
    if strangers:
        listed = ", ".join(f"{r.name} runs {r.image}" for r in strangers[:3])
        return f"{name} has replicas of another version, wanted is {image}: {listed}"
    return _unavailable(name, workload)


def _unavailable(name: str, workload: WorkloadState) -> str:
    if workload.desired == 0:
        return f"{name} is scaled to zero"
    if not workload.is_observed:
        return f"{name} was changed just now and the cluster has not taken it up yet"
    ready = sum(1 for r in workload.replicas if r.ready)
    enough = min(workload.updated, workload.available, ready)
    if enough < workload.desired:
        sick = [f"{r.name}: {r.problem}" for r in workload.replicas if not r.ready]
        because = f" ({'; '.join(sick[:3])})" if sick else ""
        return f"{name} has {enough} of {workload.desired} replicas ready{because}"
    return ""


def _harm(change: WorkloadChange, current: WorkloadState) -> str:
    if change.replicas is None:
        return "be deleted"
    if change.replicas == 0 and current.desired > 0:
        return "be scaled to zero"
    if change.image != current.image:
        return f"change its version from {current.image} to {change.image}"
    return ""
