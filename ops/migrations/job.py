"""Pure: a command of the image as a Kubernetes Job, under a name that a rerun finds again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.migrations.target import Target

if TYPE_CHECKING:
    from ops.cluster import Body

RUN: Final = f"{names.DOMAIN}/migrate-run"
"""Label: what is run, as a digest. All attempts at the same thing have the same."""
REHEARSAL: Final = "migrate-rehearsal"
"""Label `app` of what runs on a scratch: its levels are not the database's."""

SECRET: Final = f"{names.DOMAIN}/migrate-secret"
"""Label of a rehearsal's Jobs: the Secret with the scratch's address."""

KEPT_SECONDS: Final = 3600
"""How long an ended Job stays, for people to read its log."""
URL_VARIABLES: Final = ("DATABASE_URL", "MIGRATE_DATABASE_URL")


@dataclass(frozen=True)
class Command:
    """What to run: arguments behind the image's migration command; whether that changes anything.

    `scratch_secret` names a Secret with a DATABASE_URL that takes the place of the color's own.
    """

    arguments: tuple[str, ...]
    writes: bool = False
    scratch_secret: str = ""

    @property
    def action(self) -> str:
        """The first argument."""
        return self.arguments[0]


def digest(target: Target, program: Sequence[str], command: Command) -> str:
    """Sixteen digits for image, color, command and arguments."""
    content = [target.image, str(target.color), *program, *command.arguments]
    text = json.dumps([*content, command.scratch_secret])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def job_name(command: Command, run: str, attempt: int) -> str:
    """The Job's name: the same run's next attempt differs in the last number alone."""
    return f"migrate-{command.action}-{run[:8]}-{attempt}"


def attempt_of(job: Mapping[str, Any]) -> int:
    """Which attempt a Job is, by its name."""
    return int(str(job["metadata"]["name"]).rpartition("-")[2])


def job_body(
    target: Target, program: Sequence[str], command: Command, attempt: int, seconds: int
) -> Body:
    """The Job: one pod, no retries of its own (the image has them), gone a while after its end."""
    run = digest(target, program, command)
    labels = {
        "app": REHEARSAL if command.scratch_secret else names.MIGRATE,
        "color": str(target.color),
        RUN: run,
    }
    if command.scratch_secret:
        labels[SECRET] = command.scratch_secret
    container = {
        **target.container,
        "name": names.MIGRATE,
        "image": target.image,
        "command": [*program, *command.arguments],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    if command.scratch_secret:
        container["env"] = _elsewhere(container.get("env", []), command.scratch_secret)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(command, run, attempt), "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": seconds,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": {**target.pod, "restartPolicy": "Never", "containers": [container]},
            },
        },
    }


def _elsewhere(env: Sequence[Mapping[str, Any]], secret: str) -> list[Body]:
    """The environment with both database addresses from the Secret, whatever they were."""
    source = {"secretKeyRef": {"name": secret, "key": "DATABASE_URL"}}
    kept = [dict(each) for each in env if each["name"] not in URL_VARIABLES]
    return [*kept, *({"name": name, "valueFrom": source} for name in URL_VARIABLES)]
