"""Smoke tests, browser check and warm-up on the real stack, by the scripts."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from ops import web
from tests.e2e.project import Project
from tests.e2e.test_data import ADMIN, answer, database_of, script
from tests.waiting import until

FAULTS = "legal-ai:faults:green"
PATIENT = ("--time-factor", "10")
"""This machine may be busy: it is not its speed that is tested."""
LOOSE = ("--rate", "40", "--requests", "40", "--most-milliseconds", "20000")
WARM = (*LOOSE, "--tolerance-percent", "10000", "--json")


@pytest.fixture
def faults(project: Project) -> Iterator[redis.Redis]:
    """The Redis of the project; green's faults are taken away afterwards."""
    with redis.Redis(port=16379, db=1) as found:
        yield found
        found.delete(FAULTS)


def await_status(url: str, status: int) -> None:
    """Wait until the API answers so: an application looks for faults now and then."""
    with web.client(url) as client:
        until(lambda: client.get("/api/health").status_code == status, f"it answers {status}")


def documents(project: Project) -> int:
    with psycopg.connect(f"postgresql://{ADMIN}/{database_of(project)}") as connection:
        found = connection.execute("SELECT count(*) FROM documents").fetchone()
        assert found is not None
        return int(found[0])


def test_the_standby_passes_the_smoke_tests_before_it_is_public_and_keeps_nothing(
    settled: Project, tmp_path: Path
) -> None:
    before = documents(settled)
    report = tmp_path / "smoke.xml"
    args = ("--stack", "e2e", "--json", *PATIENT)
    preview = settled.preview_url("green")
    found = answer(script(settled, "smoke_tests.py", preview, "--junit", str(report), *args))
    assert found["verdict"] == "good"
    assert len(found["checks"]) == 10
    assert "green v1.1.0" in found["checks"][0]["detail"]
    assert "<failure" not in report.read_text()
    assert documents(settled) == before

    assert answer(script(settled, "smoke_tests.py", settled.url, *args))["verdict"] == "good"
    public = script(settled, "smoke_tests.py", settled.url, "--color", "green", *args)
    assert public.code == 1
    public.failed("blue answered, green has to")


@pytest.mark.long
def test_a_visitor_with_a_browser_can_do_everything_on_the_standby(
    settled: Project, tmp_path: Path
) -> None:
    before = documents(settled)
    pictures = tmp_path / "pictures"
    url = settled.preview_url("green")
    args = (url, "--stack", "e2e", "--json", "--pictures", str(pictures), *PATIENT)
    found = answer(script(settled, "verify_ui.py", *args))
    lines = {check["name"]: check for check in found["checks"]}
    assert found["verdict"] == "good"
    assert lines["one color and version"]["detail"] == "green v1.1.0"
    assert documents(settled) == before
    assert not pictures.exists()


@pytest.mark.long
def test_a_color_is_warm_when_each_of_its_pods_answers_and_not_while_one_fails(
    settled: Project, faults: redis.Redis
) -> None:
    settled.set("green.replicas=2")
    settled.up().ok()
    found = answer(script(settled, "warmup_deployment.py", "green", *WARM))
    pods = {service: len(names) for service, names in found["pods"].items()}
    assert pods == {"backend": 2, "frontend": 2}
    assert len(found["p95Milliseconds"]) >= 3

    faults.set(FAULTS, json.dumps({"error_rate": 1.0}))
    url = settled.preview_url("green")
    await_status(url, 500)
    assert script(settled, "warmup_deployment.py", "green", *WARM).failed("500").code == 1
    smoke = script(settled, "smoke_tests.py", url, "--stack", "e2e", *PATIENT)
    assert smoke.failed("a fault was injected").code == 1
