"""The pure parts of `scripts/migrate.py`: which image, which Job, what a plan means."""

import json
from typing import Any, cast

import pytest

from ops import names
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.migrations import target, tenants
from ops.migrations.image import Plan, parse
from ops.migrations.job import RUN, Command, attempt_of, digest, job_body, job_name
from ops.migrations.jobs import Outcome
from ops.migrations.migrations import Ahead, Migrations
from ops.migrations.rehearse import scratch_url
from ops.migrations.tenants import Tenant, contract_problems, downgrade_problems
from ops.schema import Database, Image
from scripts import migrate

BLUE, GREEN = Color.BLUE, Color.GREEN
PROGRAM = ("python3", "-m", "legal_ai.migrate")
PHASES = ("expand", "expand", "migrate", "contract", "expand")


def answer(at: int) -> dict[str, Any]:
    """An image's answer to `plan --json` on a database at the revision number `at`."""
    revisions = [
        {
            "revision": f"r{level}",
            "down": f"r{level - 1}" if level > 1 else None,
            "level": level,
            "phase": phase,
            "floor": 3 if phase == "contract" else None,
        }
        for level, phase in enumerate(PHASES, start=1)
    ]
    return {
        "image": {"version": "v5", "level": 5, "needs": 3},
        "database": {"level": at, "floor": 1, "revision": f"r{at}", "at": "2026-01-01T00:00:00Z"},
        "ahead": False,
        "revisions": revisions,
        "pending": [one["revision"] for one in revisions[at:]],
        "sql": "SELECT 1;",
        "backfills": [{"name": "a", "finished": False}, {"name": "b", "finished": True}],
    }


def plan(at: int) -> Plan:
    return parse(answer(at))


def test_a_plan_says_what_is_pending_up_to_a_goal_and_what_a_downgrade_takes_back() -> None:
    found = plan(2)
    assert [one.id for one in found.until("head")] == ["r3", "r4", "r5"]
    assert [one.id for one in found.until("r4")] == ["r3", "r4"]
    assert found.until("r1") == found.until("base") == []
    assert [one.id for one in found.above("r1")] == ["r2"]
    assert [one.id for one in found.above("base")] == ["r2", "r1"]
    assert found.above("r4") == []
    assert found.unfinished == ["a"]


@pytest.mark.parametrize(
    ("at", "below", "said"),
    [
        (3, "r2", "at r3; one back from there: `scripts/migrate.py downgrade r2`"),
        (1, "base", "`scripts/migrate.py downgrade base`"),
        (0, None, "before the first revision"),
    ],
)
def test_a_plan_names_the_command_that_goes_back_by_one(
    at: int, below: str | None, said: str
) -> None:
    found = plan(at)
    assert found.below == below
    assert said in found.one_back()
    text = migrate._plan_text(Ahead(found, found.until("head"), ()))
    assert found.one_back() in text.splitlines()
    assert migrate._plan_json(Ahead(found, (), ()))["below"] == below


def test_what_lies_below_a_newer_images_schema_is_not_guessed() -> None:
    found = parse(answer(5) | {"ahead": True})
    assert found.below is None
    assert "known to the image that made it" in found.one_back()


def test_a_downgrade_to_where_the_database_is_says_which_revision_lies_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    none = cast(Any, None)
    migrations = Migrations(none, none, none, said.append)
    monkeypatch.setattr(migrations, "plan", lambda _: plan(3))
    monkeypatch.setattr(tenants, "read", lambda *_: [])
    assert migrations.downgrade(none, "r3", dry_run=True) == []
    assert said == [f"nothing is above r3: {plan(3).one_back()}"]


def test_the_floor_after_a_revision_is_that_of_the_last_contract_before_it() -> None:
    found = plan(0)
    after = [(found.after(one).level, found.after(one).floor) for one in found.revisions]
    assert after == [(1, 1), (2, 1), (3, 1), (4, 3), (5, 3)]
    assert (found.after(None).level, found.after(None).floor) == (0, 1)


def test_a_goal_that_the_image_does_not_have_is_refused_with_those_it_has() -> None:
    for wanted in ("x9", "r"):
        with pytest.raises(UsageError, match="r1, r2, r3, r4, r5"):
            plan(2).until(wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"image": None},
        {"pending": ["r9"]},
        {"revisions": [{"revision": "r1", "down": None, "level": 1, "phase": "explode"}]},
    ],
)
def test_an_answer_that_cannot_be_understood_is_not_an_empty_plan(change: dict[str, Any]) -> None:
    with pytest.raises(CouldNotFindOut, match="what an image must do"):
        parse(answer(2) | change)


POD = {
    "securityContext": {"runAsNonRoot": True},
    "serviceAccountName": "backend",
    "terminationGracePeriodSeconds": 60,
    "topologySpreadConstraints": [{"maxSkew": 1}],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "containers": [
        {
            "name": "backend",
            "image": "app:v1",
            "imagePullPolicy": "Never",
            "env": [{"name": "DATABASE_URL", "value": "plain"}, {"name": "A", "value": "1"}],
            "envFrom": [{"secretRef": {"name": "app-green"}}],
            "resources": {"limits": {"memory": "1Gi"}},
            "securityContext": {"readOnlyRootFilesystem": True},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            "ports": [{"containerPort": 8000}],
            "livenessProbe": {"httpGet": {"path": "/health"}},
            "lifecycle": {"preStop": {}},
        }
    ],
}


class Deployments(Cluster):
    """Nothing but Deployments, by name."""

    def __init__(self, *deployed: str) -> None:
        self.namespace = "legal-ai"
        self.deployed = deployed

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        if kind != "Deployment" or name not in self.deployed:
            return None
        return {"metadata": {"name": name}, "spec": {"template": {"spec": POD}}}


def test_a_color_that_is_not_deployed_yet_borrows_the_others_environment() -> None:
    found = target.find(Deployments("backend-blue"), "backend", GREEN)
    assert (found.color, found.image) == (GREEN, "app:v1")
    with pytest.raises(CouldNotFindOut, match=r"neither backend-green nor backend-blue.*pulumi up"):
        target.find(Deployments(), "backend", GREEN)


def body(command: Command, attempt: int = 1) -> dict[str, Any]:
    found = target.find(Deployments("backend-green"), "backend", GREEN)
    return job_body(found.with_version("v2"), PROGRAM, command, attempt, 60)


def test_a_job_has_the_deployments_rights_and_limits_and_none_of_its_probes() -> None:
    spec = body(Command(("upgrade", "--to", "r5"), writes=True))["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    for key in ("securityContext", "serviceAccountName", "volumes"):
        assert pod[key] == POD[key]
    for key in ("envFrom", "env", "resources", "securityContext", "imagePullPolicy"):
        assert container[key] == cast(Any, POD)["containers"][0][key]
    assert not {"livenessProbe", "ports", "lifecycle"} & set(container)
    assert container["image"] == "app:v2"
    assert container["command"] == [*PROGRAM, "upgrade", "--to", "r5"]
    assert container["name"] == names.MIGRATE
    assert pod["restartPolicy"] == "Never"
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 60)
    assert spec["ttlSecondsAfterFinished"] > 0


def test_the_pods_of_a_job_get_no_requests_and_are_found_by_the_gate() -> None:
    labels = body(Command(("upgrade",)))["spec"]["template"]["metadata"]["labels"]
    assert labels["app"] == "migrate", "a Service would select app=backend"
    assert labels["color"] == "green"


def test_a_rehearsal_has_only_the_scratchs_address_and_does_not_look_like_a_migration() -> None:
    job = body(Command(("upgrade",), scratch_secret="scratch-1"))
    container = job["spec"]["template"]["spec"]["containers"][0]
    source = {"secretKeyRef": {"name": "scratch-1", "key": "DATABASE_URL"}}
    assert container["env"] == [
        {"name": "A", "value": "1"},
        {"name": "DATABASE_URL", "valueFrom": source},
        {"name": "MIGRATE_DATABASE_URL", "valueFrom": source},
    ]
    assert job["metadata"]["labels"]["app"] == "migrate-rehearsal"


def test_the_same_run_has_the_same_name_and_any_other_another() -> None:
    found = target.find(Deployments("backend-green"), "backend", GREEN)
    command = Command(("upgrade", "--to", "r5"))
    others = [
        digest(found.with_version("v2"), PROGRAM, command),
        digest(found, PROGRAM, Command(("upgrade", "--to", "r4"))),
        digest(found, ("alembic",), command),
        digest(found, PROGRAM, Command(("upgrade", "--to", "r5"), scratch_secret="s")),
        digest(target.find(Deployments("backend-blue"), "backend", BLUE), PROGRAM, command),
    ]
    run = digest(found, PROGRAM, command)
    assert run == digest(found, PROGRAM, Command(("upgrade", "--to", "r5"), writes=True))
    assert run not in others
    assert len(set(others)) == len(others)
    job = body(command, attempt=12)
    assert attempt_of(job) == 12
    run = digest(found.with_version("v2"), PROGRAM, command)
    assert job["metadata"]["name"] == job_name(command, run, 12)
    assert job["metadata"]["labels"][RUN] == run
    assert len(job["metadata"]["name"]) <= 63


def outcome(code: int | None, log: str = "") -> Outcome:
    return Outcome("migrate-plan-1", "app:v2", code, log, why="DeadlineExceeded: too long")


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (1, Refused, "exit code 1"),
        (2, UsageError, "exit code 2"),
        (3, Refused, "exit code 3"),
        (137, Refused, "exit code 137"),
        (None, Refused, "DeadlineExceeded"),
    ],
)
def test_a_job_that_did_not_end_well_is_told_with_its_last_lines(
    code: int | None, kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=rf"(?s){told}.*the last line"):
        outcome(code, "first\nthe last line").require_done()
    outcome(0).require_done()


def test_the_answer_is_the_last_json_among_what_was_printed() -> None:
    log = "waiting\n" + json.dumps({"old": 1}) + "\n" + json.dumps({"new": 2}) + "\nbye\n"
    assert outcome(0, log).answer() == {"new": 2}
    with pytest.raises(CouldNotFindOut, match="printed no JSON"):
        outcome(0, "waiting\n").answer()


def tenant(version: str, level: int, needs: int, weight: int = 0, replicas: int = 1) -> Tenant:
    return Tenant(BLUE, f"app:{version}", Image(version, level, needs), replicas, weight)


def test_a_contract_counts_everybody_and_a_downgrade_stops_for_those_with_traffic() -> None:
    contracted = Database(6, 5, "r6")
    old, new = tenant("v2", 4, 4, replicas=0), tenant("v4", 6, 5, weight=100)
    assert [why.split(":")[0] for why in contract_problems([old, new], contracted)] == [
        "blue can be scaled up and gone back to with v2"
    ]
    bad, others = downgrade_problems([old, new], Database(3, 1, "r3"))
    assert [why.split(":")[0] for why in bad] == ["blue serves 100 % of the public with v4"]
    assert [why.split(":")[0] for why in others] == [
        "blue can be scaled up and gone back to with v2"
    ]


def test_an_image_of_unknown_range_is_nobodys_permission() -> None:
    unknown = Tenant(GREEN, "app:v2", None, 1, 0)
    with pytest.raises(CouldNotFindOut, match="verify --color green --version v2"):
        contract_problems([unknown], Database(6, 5, "r6"))


@pytest.mark.parametrize(
    ("same_server", "where"), [(True, "app:pw@db:5432/scratch"), (False, "app:pw@new:6432/scratch")]
)
def test_a_scratch_is_reached_with_the_applications_role_and_not_the_administrators(
    same_server: bool, where: str
) -> None:
    application = "postgresql+psycopg://app:pw@db:5432/legal_ai?sslmode=require"
    restored = "postgresql+psycopg://admin:secret@new:6432/scratch"
    url = scratch_url(application, restored, same_server=same_server)
    assert url == f"postgresql+psycopg://{where}?sslmode=require"
