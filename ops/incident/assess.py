"""What answers and what does not: every pod, the public, both stores, monitoring, others' services.

All at once, each within seconds: in an outage most of them are gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ops import live, web
from ops.alertmanager import Alertmanager
from ops.checklist import Line
from ops.database import connect, one
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.isolation import Isolation
from ops.maintenance import SharedRedis
from ops.metrics import Prometheus
from ops.state import is_ready

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.operations import Operations

TIMEOUT_SECONDS: Final = 5.0
_ANY_ERROR: Final = 500

Look = Callable[[], str]
"""What was seen. Raises Refused for what is bad, any other OpsError where nothing is known."""


def lines(facts: Operations, cluster: Cluster, dependencies: Collection[str]) -> list[Line]:
    """Everything that was looked at, in order."""
    watched = facts.monitoring
    looks: dict[str, Look] = {
        "public": lambda: answers(facts.public_url),
        "traffic": lambda: _traffic(cluster, facts.router),
        "database": lambda: _database(facts),
        "Redis": lambda: _redis(facts.redis_url),
    }
    if watched is not None and watched.prometheus_url:
        looks["Prometheus"] = lambda: _prometheus(watched.prometheus_url)
    if watched is not None and watched.alertmanager_url:
        looks["Alertmanager"] = lambda: _alerts(watched.alertmanager_url, facts.namespace)
    for url in dependencies:
        looks[str(urlsplit(url).hostname)] = lambda url=url: is_there(url)  # type: ignore[misc]
    with ThreadPoolExecutor(len(looks) + 1) as at_once:
        pods = at_once.submit(_pods, cluster)
        found = [at_once.submit(_line, name, look) for name, look in looks.items()]
        return [*pods.result(), *(each.result() for each in found)]


def answers(url: str) -> str:
    """The public address. Raises Refused where it answers with an error."""
    return _asked(url, {200})


def is_there(url: str) -> str:
    """A service of somebody else: whatever it answers, but no error of its own."""
    return _asked(url, range(100, _ANY_ERROR))


def pod_line(pod: Mapping[str, Any]) -> Line:
    """One pod: whether it is ready, or has done its work."""
    name, status = str(pod["metadata"]["name"]), pod.get("status", {})
    phase = str(status.get("phase", "unknown"))
    if pod["metadata"].get("deletionTimestamp"):
        return Line(name, "good", "is ending")
    if phase == "Succeeded":
        return Line(name, "good", "has done its work")
    restarts = sum(int(e.get("restartCount", 0)) for e in status.get("containerStatuses") or [])
    told = f"{restarts} restarts" if restarts else "no restart"
    if is_ready(pod):
        return Line(name, "good", f"ready, {told}")
    return Line(name, "bad", "; ".join(filter(None, [f"not ready ({phase})", told, _why(status)])))


def _pods(cluster: Cluster) -> list[Line]:
    try:
        found = cluster.list("Pod", {})
    except CouldNotFindOut as error:
        return [Line("pods", "unknown", str(error))]
    named = sorted(found, key=lambda pod: str(pod["metadata"]["name"]))
    return [pod_line(pod) for pod in named] or [
        Line("pods", "bad", f"there is none in {cluster.namespace}")
    ]


def _why(status: Mapping[str, Any]) -> str:
    for container in status.get("containerStatuses") or []:
        if waiting := container.get("state", {}).get("waiting"):
            return str(waiting.get("reason", "waiting"))
    conditions = {each["type"]: each for each in status.get("conditions") or []}
    return str(conditions.get("Ready", {}).get("message") or "")


def _line(name: str, look: Look) -> Line:
    began = time.monotonic()
    try:
        told = look()
    except Refused as error:
        return Line(name, "bad", str(error), time.monotonic() - began)
    except OpsError as error:
        return Line(name, "unknown", str(error), time.monotonic() - began)
    return Line(name, "good", told, time.monotonic() - began)


def _asked(url: str, good: Collection[int]) -> str:
    import httpx2  # noqa: PLC0415 most runs send no request, and it takes a while

    try:
        with web.client(url, timeout=TIMEOUT_SECONDS) as client:
            status = client.get("").status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        told = f"{url} gives no answer from here: {type(error).__name__}: {error}"
        raise CouldNotFindOut(told) from error
    if status not in good:
        raise Refused(f"{url} answers {status}")
    return f"{url} answers {status}"


def _traffic(cluster: Cluster, router: str) -> str:
    isolation = Isolation.read(cluster)
    if isolation is not None:
        raise Refused(str(isolation))
    route = live.route(cluster, router)
    if route is None:
        raise Refused("there is no public route")
    return route.traffic.told


def _database(facts: Operations) -> str:
    with connect(facts.database.url, application_name="legal-ai-assess", seconds=5) as connection:
        used = one(connection, "SELECT count(*) FROM pg_stat_activity")
    return f"answers; {used} sessions"


def _redis(url: str) -> str:
    notice = SharedRedis(url).notice()
    if notice is not None:
        raise Refused(f"answers; maintenance is on {notice}")
    return "answers; maintenance is off"


def _prometheus(url: str) -> str:
    up = Prometheus(url, TIMEOUT_SECONDS).vector("up == 0")
    if up:
        missing = sorted({sample.labels.get("job", "?") for sample in up})
        raise Refused(f"answers; targets are down in {', '.join(missing)}")
    return "answers; all targets are up"


def _alerts(url: str, namespace: str) -> str:
    firing = sorted({each.name for each in Alertmanager(url).alerts(namespace)})
    if firing:
        raise Refused(f"fires: {', '.join(firing)}")
    return "nothing fires"
