"""The gate: asks the cluster, judges by `ops.verdict`, and looks where the traffic went.

The Pulumi hooks call it on every change of the public route and of a color's Deployments, so a
bare `pulumi up` has it. It reads the hold last, right before it lets a change go, and again after.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops import (
    failpoint,
    history,
    hold_guard,
    isolation,
    live,
    names,
    routing,
    routing_moves,
    schema_record,
    share,
    smoke,
)
from ops.color import Color
from ops.errors import Refused
from ops.hold import Hold
from ops.isolation import Isolation
from ops.schema import Fit
from ops.state import LiveTraffic, WorkloadState, workload_state
from ops.verdict import (
    ColorState,
    Finding,
    RouteChange,
    WorkloadChange,
    enforce,
    judge_color,
    judge_hold,
    judge_route,
    judge_serial,
    judge_workload,
)
from ops.weights import receiving, told

if TYPE_CHECKING:
    from ops.cluster import Cluster

POLL_SECONDS: Final = 0.1
"""Between two looks at the public host; a gateway takes a route up in about 0.1 s."""


@dataclass(frozen=True)
class Wanted:
    """One workload that must be ready in a color: its service (and container) name and image."""

    service: str
    image: str


@dataclass(frozen=True)
class Plan:
    """What the gate must know of the stack. URLs have a scheme and, if unusual, a port.

    `migrating` is the image by color whose schema range must fit; empty where nobody migrates.
    """

    site: routing.Site
    router: str
    split: routing.Split
    wanted: Mapping[Color, tuple[Wanted, ...]]
    public_url: str
    preview_urls: Mapping[Color, str]
    smoke_paths: tuple[str, ...]
    share_paths: tuple[str, ...]
    smoke: bool = True
    share: bool = True
    timeout_seconds: float = 30.0
    migrating: Mapping[Color, str] = field(default_factory=dict)


@dataclass
class Gate:
    """The gate of one stack. `note` gets sentences that people should read."""

    connect: Callable[[], Cluster]
    plan: Plan
    note: Callable[[str], None]
    _cluster: Cluster | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def cluster(self) -> Cluster:
        """The cluster, connected to when it is first needed: most runs change no traffic."""
        with self._lock:
            if self._cluster is None:
                self._cluster = self.connect()
            return self._cluster

    @property
    def weights(self) -> Mapping[Color, int]:
        """Percent per color as the configuration has it."""
        return self.plan.split.weights

    def judge(self, change: RouteChange) -> tuple[list[Finding], LiveTraffic | None]:
        """What speaks against the change, by what is live now. Changes nothing."""
        live = self.live()
        colors = {color: self.color_state(color) for color in receiving(change.weights)}
        findings = judge_route(change, live, colors, self.hold())
        return [*isolation.findings(Isolation.read(self.cluster)), *findings], live

    def before_route(self, change: RouteChange) -> None:
        """Let a change of the route go, or raise with every reason against it.

        Leaves the marker `traffic-unverified`, which `settle` takes away when traffic went where
        it should: a run killed in between, or one whose check failed, is not forgotten.
        """
        title = f"the public route stays as it is: {told(change.weights)} is refused"
        findings, live = self.judge(change)
        enforce(findings, title)
        for finding in findings:
            self.note(str(finding))
        if live is not None and self.plan.smoke:
            for color in self._first_timers(change, live):
                smoke.check(
                    self.plan.preview_urls[color],
                    self.plan.smoke_paths,
                    color,
                    self.plan.split.versions[color],
                    self.plan.timeout_seconds,
                )
        if live is not None:
            # As it is right before it loses traffic, a color is what one may come back to.
            self._remember(live, self._now(), {})
        marker = {"since": self._now(), "for": told(change.weights)}
        self.cluster.put_config_map(names.UNVERIFIED, marker)
        if live is not None:
            enforce(judge_hold(change, self.hold()), title)
            # Notes of a hold that was lifted by hand would have the API server refuse the write.
            hold_guard.follow(self.cluster, self.plan.router)
        failpoint.reach("gate.let_go")

    def after_route(self, weights: Mapping[Color, int]) -> None:
        """Look whether the route is what was written and traffic follows it, or raise."""
        self._give_way_to_isolation()
        self._give_way_to_hold()
        live = self._require_live()
        if live.receiving != receiving(weights):
            hold = self.hold()
            who = (
                f"a rollback came in meanwhile and stays: {hold}"
                if hold
                else (
                    "somebody changed it meanwhile; see who holds what with `kubectl get "
                    f"{'ingress' if self.plan.router == 'ingress-nginx' else 'httproute'} "
                    "-o yaml --show-managed-fields`"
                )
            )
            raise Refused(f"the route says {live.told}, written was {told(weights)}: {who}")
        self._verify(live)

    def settle(self) -> None:
        """Finish what an earlier run left unverified; nothing to do where there is no marker.

        Says so where a hold keeps the live route from what the configuration asks for.
        """
        hold = self.hold()
        if hold is not None and self.weights.get(hold.color, 0):
            self.note(
                f"{hold}; the configuration gives {hold.color} {self.weights[hold.color]} %, and "
                "the live route does not follow it until the hold is lifted. "
                f"`{names.ACKNOWLEDGE}` makes the configuration say what is live, and lifts it"
            )
        isolated = Isolation.read(self.cluster)
        if isolated is not None:
            self.note(f"{isolated}; `{isolation.REOPEN}` lets the public in again")
        if self.cluster.get("ConfigMap", names.UNVERIFIED) is None:
            return
        self._give_way_to_isolation()
        live = self.live()
        if live is None:
            self.cluster.delete("ConfigMap", names.UNVERIFIED)
            return
        self._give_way_to_hold()
        self._verify(live)

    def before_workload(self, change: WorkloadChange, service: str) -> None:
        """Let a change of a Deployment go, or raise with every reason against it."""
        enforce(self.judge_change(change, service), f"{change.name} stays as it is")

    def judge_change(self, change: WorkloadChange, service: str) -> list[Finding]:
        """What speaks against a change of a Deployment. Changes nothing.

        A stale checkout is one: it would give pods the versions and addresses of then.
        """
        live = self.live()
        current = self.workload(service, change.color)
        findings = judge_workload(change, current, live, self.hold())
        if live is not None and change.replicas is not None:
            findings += judge_serial(self.plan.split.serial, live)
        return findings

    def after_migration(self, job: str) -> None:
        """Record what the Job's pods said of image and database.

        Where they said nothing there is only a note: it is a color's way to traffic that ends here.
        """
        said = schema_record.said_by_job(self.cluster, job)
        for ref, message in said:
            schema_record.remember(self.cluster, ref, message)
        if not said:
            self.note(
                f"no pod of Job {job} left a message with its schema range, so the gate can't know "
                "whether its image fits: see docs/migrations.md, what an image must do"
            )

    def live(self) -> LiveTraffic | None:
        """The public route as it stands, None before the first deployment."""
        route = live.route(self.cluster, self.plan.router)
        return None if route is None else route.traffic

    def hold(self) -> Hold | None:
        """The hold that stands, if one does."""
        return Hold.read(self.cluster)

    def color_state(self, color: Color) -> ColorState:
        """Every wanted workload of a color with its pods."""
        wanted = self.plan.wanted.get(color, ())
        return ColorState(
            wanted={names.workload(w.service, color): w.image for w in wanted},
            workloads={
                names.workload(w.service, color): self.workload(w.service, color) for w in wanted
            },
            schema=self.schema_fit(color),
        )

    def schema_fit(self, color: Color) -> Fit | None:
        """What is known of a color's image and the database; None where nobody migrates.

        Where the record has nothing of the image, the pods that migrated for it are asked.
        """
        ref = self.plan.migrating.get(color)
        if ref is None:
            return None
        record = schema_record.read(self.cluster)
        if ref not in record.images or record.database is None:
            for image, message in schema_record.said_by_color(self.cluster, color):
                record = record.with_message(image, message)
        return Fit(ref, record.images.get(ref), record.database)

    def workload(self, service: str, color: Color) -> WorkloadState | None:
        """One Deployment and the pods that its Service selects, None if it is not there."""
        deployment = self.cluster.get("Deployment", names.workload(service, color))
        if deployment is None:
            return None
        pods = self.cluster.list("Pod", names.selector(service, color))
        return workload_state(deployment, pods, service)

    def _first_timers(self, change: RouteChange, live: LiveTraffic) -> list[Color]:
        """Colors that get their first weight with a version that never served."""
        served = history.read(self.cluster).served
        return [
            color
            for color in receiving(change.weights)
            if not live.has_traffic(color) and self.plan.split.versions[color] not in served
        ]

    def _verify(self, live: LiveTraffic) -> None:
        problem = self._share_problem(live)
        if problem:
            raise Refused(
                f"the route says {live.told}, but {self.plan.public_url} does not follow "
                f"it after {self.plan.timeout_seconds:g} s: {problem}. `pulumi up` fails until "
                "this check passes; to go back, set legal-ai:activeColor and "
                "legal-ai:canaryWeight as they were"
            )
        self._give_way_to_hold()
        marker = self.cluster.get("ConfigMap", names.UNVERIFIED) or {}
        serving = {c: v for c, v in self.plan.split.versions.items() if live.has_traffic(c)}
        self._remember(live, (marker.get("data") or {}).get("since") or self._now(), serving)
        self.cluster.delete("ConfigMap", names.UNVERIFIED)

    def _share_problem(self, live: LiveTraffic) -> str:
        """What still keeps the public host from following the route when the time is up."""
        if not self.plan.share:
            return ""
        deadline = time.monotonic() + self.plan.timeout_seconds
        count = share.count_for(live.weights)
        while True:
            answers = share.ask(self.plan.public_url, self.plan.share_paths, count)
            problem = share.judge(answers, live.weights)
            if not problem or time.monotonic() > deadline:
                return problem
            time.sleep(POLL_SECONDS)

    def _give_way_to_isolation(self) -> None:
        """If the namespace was isolated while we wrote: take the route off its gateway again."""
        stands = Isolation.read(self.cluster)
        if stands is None:
            return
        isolation.detach(self.cluster, stands)
        raise Refused(
            f"{stands}: nobody gets in, so it can't be seen whether traffic follows the route. "
            f"`{isolation.REOPEN}`, then run `pulumi up` again"
        )

    def _give_way_to_hold(self) -> None:
        """If a rollback landed while we wrote: put its weights back, and say so.

        A rollback is announced before its target is ready; then it is left to whoever rolls back.
        """
        hold, live = self.hold(), self._require_live()
        if hold is None or not live.has_traffic(hold.color):
            return
        enforce(
            judge_color(hold.target, self._as_deployed(hold.target)),
            f"a rollback came in while this `up` was at work, and waits for {hold.target} to get "
            f"ready: {hold}. The route was left as it is",
        )
        self._give_all(hold.target)
        problem = self._share_problem(self._require_live())
        but = f", but {self.plan.public_url} does not follow yet: {problem}" if problem else ""
        raise Refused(
            f"a rollback came in while this `up` was writing the route, and it wins: {hold}. "
            f"{hold.target} has all traffic again{but}. `{names.ACKNOWLEDGE}` makes the "
            "configuration say what is live"
        )

    def _give_all(self, color: Color) -> None:
        route = live.require(self.cluster, self.plan.router)
        version = self.plan.split.versions.get(color, "")
        for write in routing_moves.all_to(route, color, version):
            self.cluster.patch(write.kind, write.name, write.patch)

    def _as_deployed(self, color: Color) -> ColorState:
        """A color with what it is deployed as, whatever the configuration wants it to be."""
        workloads = self._workloads(color)
        wanted = {name: state.image if state else "" for name, state in workloads.items()}
        return ColorState(
            wanted={names.workload(name, color): image for name, image in wanted.items()},
            workloads={names.workload(name, color): state for name, state in workloads.items()},
        )

    def _workloads(self, color: Color) -> dict[str, WorkloadState | None]:
        services = {each.service for wanted in self.plan.wanted.values() for each in wanted}
        return {service: self.workload(service, color) for service in sorted(services)}

    def _remember(self, live: LiveTraffic, since: str, serving: Mapping[Color, str]) -> None:
        """Write down what is live since then, and which versions were seen to serve."""
        hold = self.hold()
        held = hold.color if hold else None
        workloads = {color: self._workloads(color) for color in Color}
        now = self._now()
        history.change(
            self.cluster,
            lambda found: found.seen(live, workloads, since, held).with_served(serving, now),
        )

    def _now(self) -> str:
        """By the API server's clock: the agent compares these times with those of its alerts."""
        return self.cluster.server_now().isoformat(timespec="seconds")

    def _require_live(self) -> LiveTraffic:
        return live.require(self.cluster, self.plan.router).traffic
