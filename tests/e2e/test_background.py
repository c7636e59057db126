"""Workers and cron jobs run in one color: they follow the traffic, and never run in both."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import redis

from ops import background, hold_guard, names
from ops.cluster import Cluster
from ops.color import Color
from ops.routing import live_weights
from tests.e2e.conftest import HERE
from tests.e2e.outsider import roll_back
from tests.e2e.project import Project, Ran
from tests.waiting import until

QUEUE: Final = "legal-ai:jobs"
DONE: Final = "legal-ai:jobs:done"
SERVICES: Final = {
    "worker": ("kind=worker", "command[0]=python3", "command[1]=-m", "command[2]=legal_ai.worker"),
    "digest": ("kind=cron", "command[0]=python3", "command[1]=--version"),
}

BLUE, GREEN = Color.BLUE, Color.GREEN


@pytest.fixture(scope="module")
def jobs() -> Iterator["redis.Redis"]:
    """Redis, where the workers' jobs are; no other test has workers."""
    client = redis.Redis(host=HERE, port=16379, db=1, decode_responses=True)
    _forget(client)
    yield client
    _forget(client)


def _forget(client: "redis.Redis") -> None:
    for key in [*client.scan_iter(f"{QUEUE}*"), *client.scan_iter("legal-ai:worker:*")]:
        client.delete(key)


@pytest.fixture(scope="module")
def staffed(project: Project, jobs: "redis.Redis") -> Iterator[Project]:
    """Blue active and green in standby, with a worker and a cron job that was due just before."""
    project.kubectl("delete", "configmap", "traffic-hold", "--ignore-not-found").ok()
    # A broken Service is to be found after the switch here, not before it.
    project.set("activeColor=blue", "canaryWeight=0", "gate.smoke=false")
    for name, pairs in SERVICES.items():
        common = ("image=localhost/legal-ai-backend", "terminationGraceSeconds=20")
        project.set(*(f"services.{name}.{pair}" for pair in (*common, *pairs)))
    due = datetime.now(UTC) - timedelta(minutes=1)
    project.set(f"services.digest.schedule={due.minute} {due.hour} * * *")
    project.up("--refresh").ok()
    yield project
    for key in (*(f"services.{name}" for name in SERVICES), "gate.smoke"):
        project.remove(key)
    cluster = Cluster.connect(project.namespace, field_manager="somebody-else")
    cluster.delete("ConfigMap", names.HOLD)
    hold_guard.follow(cluster, "gateway-api")


@pytest.fixture
def outside(staffed: Project) -> Cluster:
    """The cluster as somebody else than Pulumi reaches it."""
    return Cluster.connect(staffed.namespace, field_manager="somebody-else")


@pytest.fixture
def on_green(staffed: Project, outside: Cluster) -> Project:
    """Green serves, and has the workers: as an earlier test may have left it."""
    staffed.switch("green").ok()
    until(lambda: colors(outside) == {GREEN}, "green alone has workers")
    return staffed


def colors(cluster: Cluster) -> set[Color]:
    return {color for color, runners in background.running(cluster).items() if runners}


def done(jobs: "redis.Redis") -> list[dict[str, Any]]:
    return [json.loads(str(text)) for text in jobs.lrange(DONE, 0, -1)]


@contextmanager
def repeating(act: Callable[[], None]) -> Iterator[None]:
    """Do something again and again meanwhile."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.05):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def watched(cluster: Cluster) -> Iterator[list[set[str]]]:
    """The colors that have a worker's pod at each of many moments, ending pods included."""
    seen: list[set[str]] = []

    def look() -> None:
        pods = cluster.list("Pod", {names.KIND: background.WORKER})
        seen.append({pod["metadata"]["labels"]["color"] for pod in pods if _lives(pod)})

    with repeating(look):
        yield seen


@contextmanager
def never_idle(jobs: "redis.Redis") -> Iterator[list[str]]:
    """Always one more job of three seconds in the queue; gives the ids of all."""
    ids: list[str] = []

    def feed() -> None:
        if not jobs.llen(QUEUE):
            ids.append(str(len(ids)))
            jobs.rpush(QUEUE, json.dumps({"kind": "reminder", "id": ids[-1], "takes": 3}))

    with repeating(feed):
        yield ids


def _lives(pod: dict[str, Any]) -> bool:
    return pod["status"].get("phase") not in ("Succeeded", "Failed")


def check(project: Project, *args: str, **env: str) -> Ran:
    return project.script("check_background.py", *args, **env)


@pytest.mark.long
def test_a_refused_switch_moves_no_worker(staffed: Project, outside: Cluster) -> None:
    assert colors(outside) == {BLUE}
    staffed.kubectl("scale", "deployment/backend-green", "--replicas=0").ok()
    staffed.set("activeColor=green")
    with watched(outside) as seen:
        staffed.up().failed("backend-green is scaled to zero")
    assert {frozenset(each) for each in seen} == {frozenset({"blue"})}
    assert colors(outside) == {BLUE}
    staffed.set("activeColor=blue")
    staffed.kubectl("scale", "deployment/backend-green", "--replicas=1").ok()
    staffed.kubectl("rollout", "status", "deployment/backend-green").ok()


def test_they_follow_a_switch_once_traffic_was_seen_and_no_work_is_done_twice_or_in_both(
    staffed: Project, outside: Cluster, jobs: "redis.Redis"
) -> None:
    wrong = '{"spec":{"selector":{"color":"blue"}}}'
    staffed.kubectl("patch", "service", "backend-green", "--patch", wrong).ok()
    staffed.switch("green").failed("after hook", "selects the wrong pods")
    assert live_weights(staffed.get("httproute", "legal-ai")) == {BLUE: 0, GREEN: 100}
    assert colors(outside) == {BLUE}
    right = wrong.replace("blue", "green")
    staffed.kubectl("patch", "service", "backend-green", "--patch", right).ok()
    due = _as_if_blue_had_done_it(outside)
    with never_idle(jobs) as ids, watched(outside) as seen:
        staffed.up().ok()
    until(lambda: len(done(jobs)) >= len(ids), "every job is done")
    assert not [each for each in seen if len(each) > 1]
    assert {"blue"} in seen
    assert {"green"} in seen
    assert colors(outside) == {GREEN}
    by_color = {c: [job for job in done(jobs) if job["color"] == c] for c in ("blue", "green")}
    assert by_color["blue"]
    assert by_color["green"]
    last = max(job["ended"] for job in by_color["blue"])
    assert last <= min(job["began"] for job in by_color["green"])
    assert sorted(job["id"] for job in done(jobs)) == sorted(ids)
    assert staffed.get("cronjob", "digest-green")["status"]["lastScheduleTime"] == due
    assert outside.list("Job", {names.KIND: background.CRON}) == []


def _as_if_blue_had_done_it(cluster: Cluster) -> str:
    """Blue has done the run that was due, and Kubernetes would make up for it in green."""
    found = cluster.get("CronJob", "digest-blue")
    assert found
    minute, hour = (int(field) for field in found["spec"]["schedule"].split()[:2])
    now = datetime.now(UTC)
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    due -= timedelta(days=due > now)
    for color, last in (("blue", due), ("green", due - timedelta(days=1))):
        cluster.patch_status("CronJob", f"digest-{color}", {"lastScheduleTime": _told(last)})
    return _told(due)


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.long
def test_the_check_says_which_color_runs_them(on_green: Project, outside: Cluster) -> None:
    found = json.loads(check(on_green, "--json").ok().text)
    assert found["running"]["green"]
    assert found["running"]["blue"] == []
    on_green.kubectl("scale", "deployment/worker-blue", "--replicas=1").ok()
    both = check(on_green)
    assert both.code == 1, both.text
    both.failed("both colors run background services")
    on_green.kubectl("scale", "deployment/worker-blue", "--replicas=0").ok()
    until(lambda: colors(outside) == {GREEN}, "green alone has workers")
    unknown = check(on_green, KUBECONFIG="/nowhere")
    assert unknown.code == 2, unknown.text


@pytest.mark.long
def test_a_color_that_is_held_gets_no_worker_back_until_configuration_says_what_is_live(
    on_green: Project, outside: Cluster
) -> None:
    roll_back(outside)
    _scale(outside, "green", "blue")
    until(lambda: colors(outside) == {BLUE}, "blue alone has workers")
    on_green.up("--refresh").failed("green is held", "legal-ai:activeColor=blue")
    assert colors(outside) == {BLUE}
    on_green.switch("blue").ok()
    assert colors(outside) == {BLUE}


def _scale(cluster: Cluster, down: str, up: str) -> None:
    """Move them as the agent will: by what stands on the objects, stopping first."""
    for color, runs in ((down, False), (up, True)):
        name = f"worker-{color}"
        found = cluster.get("Deployment", name)
        assert found
        wanted = int(found["metadata"]["annotations"][names.REPLICAS])
        cluster.patch("Deployment", name, {"spec": {"replicas": wanted if runs else 0}})
        cluster.patch("CronJob", f"digest-{color}", {"spec": {"suspend": not runs}})
