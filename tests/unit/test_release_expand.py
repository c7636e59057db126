"""The Job that expands the schema in a release: from which image, up to where, what it finds."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from ops import names, schema_record
from ops.migrations.migrations import Migrations
from ops.operations import parse
from ops.release.data import StackData
from ops.release.step import Step
from tests.releases import a_release
from tests.unit.release_world import BLUE, GREEN
from tests.unit.test_migrations import answer
from tests.unit.test_migrations_lint import LIMITS
from tests.unit.test_release_preflight import Away
from tests.unit.test_stack import FACTS
from tests.unit.versioned import Body, Versioned

PROGRAM = parse({"operations": FACTS}, "local").migrations.command
NEW, OLD = "registry.test/backend:v5", "registry.test/backend:v4"


class Answering(Versioned):
    """Blue and green have v4, the database is at level 2. A Job ends at once, as v5's would."""

    def __init__(self) -> None:
        super().__init__()
        self.level = 2
        self.ran: list[tuple[str, list[str]]] = []
        for color in (BLUE, GREEN):
            name = names.workload("backend", color)
            pod = {"containers": [{"name": "backend", "image": OLD}]}
            self.objects["Deployment", name] = {
                "metadata": {"name": name, "generation": 1, "labels": {}},
                "spec": {"replicas": 1, "template": {"spec": pod}},
            }

    def create(self, body: Body) -> Body:
        made = super().create(body)
        if body["kind"] == "Job":
            container = body["spec"]["template"]["spec"]["containers"][0]
            arguments = container["command"][len(PROGRAM) :]
            self.ran.append((container["image"], arguments))
            if arguments[0] == "upgrade":
                self.level = int(arguments[arguments.index("--to") + 1].removeprefix("r"))
            job = self.objects["Job", body["metadata"]["name"]]
            job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
        return made

    def list(self, kind: str, labels: Any) -> list[Body]:
        return (
            [self._pod(labels["job-name"])] if "job-name" in labels else super().list(kind, labels)
        )

    def log(self, pod: str, container: str) -> str:
        sql = f"{LIMITS}BEGIN;\n\n-- Running upgrade r2 -> r3\n\nSELECT 1;\n\nCOMMIT;\n"
        return json.dumps({**answer(self.level), "sql": sql, "checks": []})

    def _pod(self, job: str) -> Body:
        told = answer(self.level)
        message = json.dumps({**told["image"], "database": told["database"], "result": "done"})
        ended = {"terminated": {"exitCode": 0, "message": message}}
        status = {"name": names.MIGRATE, "state": ended, "imageID": "registry.test/b@sha256:v5"}
        return {
            "metadata": {"name": job, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": {"containerStatuses": [status]},
        }


@pytest.fixture
def cluster() -> Answering:
    return Answering()


def expand(cluster: Answering) -> list[str]:
    """What the release of v5 to green says; green is still configured with v1."""
    release = a_release("v5", Step.MIGRATE)
    data = StackData(cast(Any, Away(cast(Any, None))), cluster, print)
    return data.expand(release)


def test_the_new_versions_image_expands_the_schema_before_that_version_is_deployed(
    cluster: Answering,
) -> None:
    told = expand(cluster)
    assert {image for image, _ in cluster.ran} == {NEW}
    assert ["upgrade", "--to", "r3"] in [arguments for _, arguments in cluster.ran]
    assert told[0].startswith("ran r3")
    assert [line.split()[5] for line in told[1:]] == ["r4", "r5"]


def test_the_level_that_was_reached_is_recorded_for_the_gate(cluster: Answering) -> None:
    expand(cluster)
    record = schema_record.read(cluster)
    assert record.database
    assert (record.database.level, record.images[NEW].version) == (3, "v5")


def test_done_again_it_changes_nothing(cluster: Answering) -> None:
    expand(cluster)
    cluster.ran.clear()
    assert expand(cluster)[0].startswith("left for later")
    assert {arguments[0] for _, arguments in cluster.ran} == {"plan", "verify"}


def test_a_plan_says_which_image_it_was_asked_of(cluster: Answering) -> None:
    facts = parse({"operations": FACTS}, "local")
    migrations = Migrations(cast(Any, Away(cast(Any, None))), facts, cluster, print)
    found = migrations.plan(migrations.target(GREEN, "v5"))
    assert found.digest == "registry.test/b@sha256:v5"
