"""Issue 1 of the runbook: pods that don't start, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops.color import Color
from ops.diagnosis.cause import Cause, Weight
from ops.diagnosis.events import warnings
from ops.state import is_ready

if TYPE_CHECKING:
    from ops.cluster import Cluster

AREA: Final = "pods"
LOG_LINES: Final = 5


@dataclass(frozen=True)
class _Kind:
    """One cause, by its mark in what pod, events or log say; the first that matches is told."""

    mark: re.Pattern[str]
    found: str
    mend: str


_KINDS: Final = (
    _Kind(
        re.compile(
            r"\bis not set\b|couldn't find key|KeyError|missing (environment|required)", re.I
        ),
        "an environment variable is missing",
        "`pulumi config set --path services.{service}.env.NAME VALUE` (secrets: "
        "`--secret --path secrets.NAME`), then `pulumi up`",
    ),
    _Kind(
        re.compile(r"OOMKilled|out of memory", re.I),
        "it needs more memory than its limit",
        "`pulumi config set --path services.{service}.resources.limits.memory MORE && pulumi up`",
    ),
    _Kind(
        re.compile(r"Insufficient (cpu|memory)|Unschedulable|nodes are available", re.I),
        "no node has room for it",
        "`pulumi config set --path services.{service}.resources.requests.cpu LESS && pulumi up`, "
        "or add a node",
    ),
    _Kind(
        re.compile(r"ImagePull|ErrImage|InvalidImageName|not found: manifest|pull access", re.I),
        "its image can't be had",
        "push the image, or `pulumi config set --path {color}.version VERSION && pulumi up`",
    ),
    _Kind(
        re.compile(r"schema|alembic|relation .* does not exist", re.I),
        "the database's schema does not fit it",
        "`scripts/migrate.py plan --color {color}`, then the same with `upgrade`",
    ),
    _Kind(
        re.compile(r"database|psycopg|OperationalError|could not connect to server", re.I),
        "the database does not answer it",
        "`scripts/diagnose.py migration slowness` asks the database itself; its address is "
        "`database.url`, and network policies must let the namespace out to it",
    ),
    _Kind(
        re.compile(r"redis", re.I),
        "Redis does not answer it",
        "look whether Redis is up; its address is `redis.url`",
    ),
)
_OTHERWISE: Final = _Kind(
    re.compile(""), "it does not get ready", "read its log below; a version that can't start: "
    "`pulumi config set --path {color}.version VERSION && pulumi up`"
)  # fmt: skip


def look(cluster: Cluster, colors: Iterable[Color]) -> Iterator[Cause]:
    """A cause for each pod of a color that is not ready, by what pod, log and events say."""
    for color in colors:
        for pod in cluster.list("Pod", {"color": str(color)}):
            if _is_well(pod):
                continue
            yield _cause(cluster, color, pod)


def _cause(cluster: Cluster, color: Color, pod: Mapping[str, Any]) -> Cause:
    name = str(pod["metadata"]["name"])
    service = str((pod["metadata"].get("labels") or {}).get("app", ""))
    said = [
        *_statuses(pod),
        *warnings(cluster, "Pod", re.compile(re.escape(name))),
        *_log(cluster, name, pod),
    ]
    kind = next((k for k in _KINDS if any(k.mark.search(line) for line in said)), _OTHERWISE)
    return Cause(
        AREA,
        Weight.BAD,
        f"{name} is not ready: {kind.found}",
        kind.mend.format(service=service, color=color),
        tuple(said),
    )


def _is_well(pod: Mapping[str, Any]) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return True
    return pod.get("status", {}).get("phase") == "Succeeded" or is_ready(pod)


def _statuses(pod: Mapping[str, Any]) -> Iterator[str]:
    status = pod.get("status", {})
    for condition in status.get("conditions") or []:
        if condition["status"] != "True" and condition.get("message"):
            yield f"{condition.get('reason', condition['type'])}: {condition['message']}"
    for container in status.get("containerStatuses") or []:
        for state in (container.get("state", {}), container.get("lastState", {})):
            for what in ("waiting", "terminated"):
                if told := state.get(what):
                    code = f" (exit code {told['exitCode']})" if "exitCode" in told else ""
                    yield f"{told.get('reason', what)}{code}: {told.get('message', '')}".rstrip(
                        ": "
                    )


def _log(cluster: Cluster, name: str, pod: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for container in pod["spec"]["containers"]:
        printed = cluster.log(name, str(container["name"]))
        lines += [line for line in printed.splitlines() if line.strip()][-LOG_LINES:]
    return lines
