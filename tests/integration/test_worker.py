"""The sample app's worker against a Redis of its own: no job is lost, whoever ends when."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as AsyncRedis

from sample_app.backend.legal_ai import maintenance, worker
from sample_app.backend.legal_ai.worker import Worker
from tests.integration.redis_server import RedisServer
from tests.waiting import until

BACKEND = Path(__file__).parents[2] / "sample_app" / "backend"
SECONDS = 30


class Server(RedisServer):
    """The jobs in it."""

    def push(self, *jobs: dict[str, Any] | str) -> None:
        texts = [job if isinstance(job, str) else json.dumps(job) for job in jobs]
        self.client.rpush(worker.QUEUE, *texts)

    def done(self) -> list[dict[str, Any]]:
        return [json.loads(str(text)) for text in self.client.lrange(worker.DONE, 0, -1)]

    def in_hand(self) -> list[str]:
        return list(self.client.scan_iter(worker.in_hand("*")))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop()


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(server: Server) -> Iterator[Start]:
    """Starts workers as pods do, and ends those that are left."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*args: str, color: str = "blue") -> "subprocess.Popen[str]":
        env = os.environ | {
            "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
            "REDIS_URL": f"redis://127.0.0.1:{server.port}/0",
            "JWT_SECRET": "a-secret-of-32-bytes-or-more-here",
            "DEPLOYMENT_COLOR": color,
        }
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "legal_ai.worker", *args],
                cwd=BACKEND,
                env=env,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def reminder(number: int, **more: Any) -> dict[str, Any]:
    return {"kind": "reminder", "id": str(number), **more}


def test_every_job_is_done_and_counted_under_the_color_that_did_it(
    server: Server, start: Start
) -> None:
    server.push(*(reminder(number) for number in range(20)))
    start(color="green")
    until(lambda: len(server.done()) == 20, "every job is done")
    assert [job["id"] for job in server.done()] == [str(number) for number in range(20)]
    assert {job["color"] for job in server.done()} == {"green"}
    assert server.client.hgetall(worker.counts("green")) == {"reminder": "20"}
    assert not server.in_hand()


def test_a_worker_that_is_told_to_end_finishes_what_it_has_in_hand_and_takes_no_more(
    server: Server, start: Start
) -> None:
    server.push(reminder(1, takes=0.5), reminder(2))
    process = start()
    until(server.in_hand, "a job is in hand")
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    assert [job["id"] for job in server.done()] == ["1"]
    assert server.client.llen(worker.QUEUE) == 1
    assert not server.client.smembers(worker.WORKERS)


def test_what_a_killed_worker_had_in_hand_is_done_by_its_successor_of_the_same_name(
    server: Server, start: Start
) -> None:
    server.push(reminder(1, takes=1))
    process = start()
    until(server.in_hand, "a job is in hand")
    process.kill()
    process.wait()
    assert server.done() == []
    start()
    until(server.done, "a job is done")
    assert not server.in_hand()


def test_what_a_worker_had_in_hand_that_is_gone_for_good_is_done_by_another(
    server: Server,
) -> None:
    gone = "worker-of-a-lost-node"
    server.client.sadd(worker.WORKERS, gone)
    server.client.rpush(worker.in_hand(gone), json.dumps(reminder(1)))
    work_once(server, "another")
    assert [job["worker"] for job in server.done()] == ["another"]
    assert server.client.smembers(worker.WORKERS) == set()


def test_nobody_takes_from_a_worker_that_gives_signs_of_life(server: Server) -> None:
    server.client.sadd(worker.WORKERS, "busy")
    server.client.set(worker.alive("busy"), "blue", ex=60)
    server.client.rpush(worker.in_hand("busy"), json.dumps(reminder(1)))
    work_once(server, "another")
    assert server.done() == []
    assert server.client.llen(worker.in_hand("busy")) == 1


def work_once(server: Server, name: str) -> None:
    async def work() -> None:
        client = AsyncRedis(port=server.port, decode_responses=True)
        await Worker(client, "blue", name).run_once()
        await client.aclose()

    asyncio.run(work())


@pytest.mark.parametrize(
    "job",
    ["no JSON", "[]", '{"kind": "unheard of"}', '{"kind": "reminder", "takes": "long"}'],
)
def test_a_job_that_nobody_can_do_is_put_aside_and_the_next_is_done(
    server: Server, start: Start, job: str
) -> None:
    server.push(job, reminder(2))
    start()
    until(server.done, "a job is done")
    assert server.client.lrange(worker.REFUSED, 0, -1) == [job]
    assert not server.in_hand()


def test_no_job_is_taken_while_there_is_maintenance(server: Server, start: Start) -> None:
    server.client.set(maintenance.KEY, json.dumps({"reason": "a restore"}))
    server.push(reminder(1))
    start()
    # It has come round at least once when it has entered its name and looked.
    until(lambda: server.client.smembers(worker.WORKERS), "the worker has its name in")
    assert server.client.llen(worker.QUEUE) == 1
    server.client.delete(maintenance.KEY)
    until(server.done, "a job is done")


def test_a_worker_outlives_a_redis_that_goes_away(server: Server, start: Start) -> None:
    process = start()
    until(lambda: server.client.smembers(worker.WORKERS), "the worker has its name in")
    server.stop()
    server.start()
    server.push(reminder(1))
    until(server.done, "a job is done")
    assert process.poll() is None


def test_a_cron_jobs_run_does_what_waits_and_ends(server: Server, start: Start) -> None:
    server.push(reminder(1), reminder(2))
    assert start("once").wait(SECONDS) == 0
    assert len(server.done()) == 2
    assert server.client.hgetall(worker.counts("blue")) == {"reminder": "2", "runs": "1"}
    assert start("once").wait(SECONDS) == 0
    assert server.client.hget(worker.counts("blue"), "runs") == "2"


def test_a_run_that_can_not_reach_redis_fails_and_says_so(server: Server, start: Start) -> None:
    server.stop()
    process = start("once")
    _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "the run was broken off" in told


def test_an_argument_that_there_is_not_is_a_mistake_of_usage(start: Start) -> None:
    process = start("twice")
    _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "usage" in told
