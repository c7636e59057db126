"""Run the image's command as a Job: make it or attach to one that lives, follow it, read it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ops import failpoint, names, schema_record
from ops.background import has_ended
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.migrations.job import RUN, Command, attempt_of, digest, job_body
from ops.migrations.target import Target
from ops.schema import Message

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

POLL_SECONDS: Final = 0.25
GRACE_SECONDS: Final = 60
"""Beyond the Job's own deadline, for Kubernetes to end it."""
LAST_LINES: Final = 15
CANNOT_START: Final = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a Job ended: the exit code (None: Kubernetes ended it, see `why`), what it printed.

    `digest` is what the image turned out to be (the container runtime's imageID); empty: not known.
    """

    job: str
    image: str
    code: int | None
    log: str
    message: Message | None = None
    why: str = ""
    digest: str = ""

    def answer(self) -> dict[str, Any]:
        """The last JSON object in the log. Raises CouldNotFindOut where there is none."""
        for line in reversed(self.log.splitlines()):
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise CouldNotFindOut(
            f"Job {self.job} ended with exit code {self.code} and printed no JSON:\n{self.last}"
        )

    @property
    def last(self) -> str:
        """The last lines of the log."""
        return "\n".join(f"    {line}" for line in self.log.splitlines()[-LAST_LINES:])

    def require_done(self) -> None:
        """Raise unless it ended well. The image's exit code 2 is a wrong environment."""
        if self.code == 0:
            return
        kind: type[OpsError] = UsageError if self.code == 2 else Refused
        ended = self.why if self.code is None else f"exit code {self.code}"
        raise kind(
            f"Job {self.job} ({self.image}) did not end well: {ended}. Its last lines:\n{self.last}"
        )


@dataclass
class Jobs:
    """Jobs of one cluster that run `program` (the image's migration command) with arguments."""

    cluster: Cluster
    program: Sequence[str]
    say: Say
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def run(self, target: Target, command: Command, seconds: int) -> Outcome:
        """Run it and return how it ended. A Job of the same that lives is attached to.

        One that has ended is not taken for an answer: what was true then need not be true now, and
        whatever was done is found done by the new attempt.
        """
        job = self._find_or_make(target, command, seconds)
        failpoint.reach("migrate.job_created")
        outcome = self._follow(job, seconds, quiet=not command.writes)
        failpoint.reach("migrate.job_finished")
        return outcome

    def _find_or_make(self, target: Target, command: Command, seconds: int) -> str:
        from ops.cluster import Conflict  # noqa: PLC0415 that import takes a while

        run = digest(target, self.program, command)
        while True:
            attempts = sorted(self.cluster.list("Job", {RUN: run}), key=attempt_of)
            newest = attempts[-1] if attempts else None
            if newest is not None and not has_ended(newest):
                name = str(newest["metadata"]["name"])
                self.say(f"Job {name} does it already: attaching to it")
                return name
            body = job_body(
                target, self.program, command, attempt_of(newest) + 1 if newest else 1, seconds
            )
            try:
                self.cluster.create(body)
            except Conflict:
                continue
            return str(body["metadata"]["name"])

    def _follow(self, name: str, seconds: int, *, quiet: bool) -> Outcome:
        deadline = time.monotonic() + seconds + GRACE_SECONDS
        shown = 0
        while True:
            job = self.cluster.get("Job", name)
            if job is None:
                raise CouldNotFindOut(f"Job {name} was deleted while it ran: run this again")
            pods = self.cluster.list("Pod", {"job-name": name})
            pod = max(pods, key=lambda each: str(each["metadata"]["creationTimestamp"]), default={})
            log = self.cluster.log(pod["metadata"]["name"], names.MIGRATE) if _began(pod) else ""
            lines = log.splitlines()
            if not quiet:
                for line in lines[shown:]:
                    self.say(f"  {line}")
            shown = len(lines)
            if has_ended(job):
                return _outcome(job, pod, log)
            self._require_startable(name, pod)
            if time.monotonic() > deadline:
                raise CouldNotFindOut(
                    f"Job {name} has not ended after {seconds} s, and Kubernetes did not end it: "
                    f"look at `scripts/diagnose.py migration`"
                )
            self.sleep(POLL_SECONDS)

    def _require_startable(self, name: str, pod: Mapping[str, Any]) -> None:
        """Raise where the pod can't start, and take the Job away: it must not start later on."""
        for status in pod.get("status", {}).get("containerStatuses") or []:
            waiting = status.get("state", {}).get("waiting") or {}
            if waiting.get("reason") in CANNOT_START:
                self.cluster.delete("Job", name)
                raise Refused(
                    f"Job {name} can't start: {waiting['reason']}: {waiting.get('message', '')}. "
                    "It was taken away, nothing was changed"
                )


def _began(pod: Mapping[str, Any]) -> bool:
    """Whether the container runs or has run: before that there is no log to ask for."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return any({"running", "terminated"} & set(each.get("state", {})) for each in statuses)


def _outcome(job: Body, pod: Mapping[str, Any], log: str) -> Outcome:
    ended = schema_record.ended(pod) if pod else {}
    failed = [c for c in job["status"]["conditions"] if c["type"] == "Failed"]
    container = job["spec"]["template"]["spec"]["containers"][0]
    return Outcome(
        job=str(job["metadata"]["name"]),
        image=str(container["image"]),
        code=int(ended["exitCode"]) if "exitCode" in ended else None,
        log=log,
        message=Message.parse(ended.get("message") or ""),
        why="; ".join(f"{c.get('reason', '')}: {c.get('message', '')}" for c in failed),
        digest=_digest(pod),
    )


def _digest(pod: Mapping[str, Any]) -> str:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    found = (str(s.get("imageID") or "") for s in statuses if s.get("name") == names.MIGRATE)
    return next(found, "")
