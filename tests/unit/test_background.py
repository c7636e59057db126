"""Workers and cron jobs as the program declares them: in both colors, running in the active one."""

from typing import Any

import pytest

from components.namespace import EGRESS_PORTS
from components.settings import Settings
from ops import names
from ops.color import Color
from tests.unit.configs import loaded, refused
from tests.unit.engine import Declared, Program, run, stack_file

WORKER = {
    "image": "localhost/legal-ai-backend",
    "kind": "worker",
    "command": ["python3", "-m", "legal_ai.worker"],
    "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    "terminationGraceSeconds": 20,
}
CRON = {**WORKER, "kind": "cron", "schedule": "0 3 * * *", "runTimeoutSeconds": 600}
OBJECTS = ("worker-blue", "worker-green", "digest-blue", "digest-green")


def program(**changes: Any) -> Program:
    config = stack_file("local")
    config["legal-ai:database"]["url"] = "postgresql+psycopg://a:b@10.200.0.1:15432/legal_ai"
    config["legal-ai:services"] |= {"worker": WORKER, "digest": CRON}
    for color, version in (("blue", "v1.0.0"), ("green", "v1.1.0")):
        config[f"legal-ai:{color}"] = {"version": version, "replicas": 3}
    return run("local", config | {f"legal-ai:{key}": value for key, value in changes.items()})


@pytest.fixture(scope="module")
def blue_active() -> Program:
    return program()


def background(found: Program) -> dict[str, Declared]:
    every = found.of("Deployment") | found.of("CronJob")
    return {name: every[name] for name in OBJECTS if name in every}


def runs(found: Program) -> set[str]:
    workers = {
        name
        for name, each in found.of("Deployment").items()
        if name in OBJECTS and each.inputs["spec"]["replicas"]
    }
    crons = {n for n, each in found.of("CronJob").items() if not each.inputs["spec"]["suspend"]}
    return workers | crons


def pod(declared: Declared) -> Any:
    spec = declared.inputs["spec"]
    return (spec.get("jobTemplate", {}).get("spec") or spec)["template"]["spec"]


@pytest.mark.parametrize("active", ["blue", "green"])
def test_they_run_in_the_active_color_and_stand_ready_in_the_other(active: str) -> None:
    found = program(activeColor=active)
    assert runs(found) == {f"worker-{active}", f"digest-{active}"}
    assert set(background(found)) == set(OBJECTS)
    assert found.of("Deployment")[f"worker-{active}"].inputs["spec"]["replicas"] == 3


@pytest.mark.parametrize("weight", [10, 100])
def test_a_canary_takes_no_worker_along(weight: int) -> None:
    assert runs(program(canaryWeight=weight)) == {"worker-blue", "digest-blue"}


def test_each_color_has_them_at_its_own_version_and_environment(blue_active: Program) -> None:
    for name, declared in background(blue_active).items():
        service, _, color = name.partition("-")
        version = {"blue": "v1.0.0", "green": "v1.1.0"}[color]
        container = pod(declared)["containers"][0]
        assert container["image"] == f"localhost/legal-ai-backend:{version}"
        assert container["command"] == ["python3", "-m", "legal_ai.worker"]
        assert f"app-{color}" in str(container["envFrom"])
        config = blue_active.of("ConfigMap")[f"{service}-{color}-config"].inputs["data"]
        assert config == {"DEPLOYMENT_COLOR": color}


def test_they_start_after_the_route_and_after_everything_of_the_other_color_has_stopped(
    blue_active: Program,
) -> None:
    route = blue_active.of("HTTPRoute")["legal-ai"].urn
    every = background(blue_active)
    stopped = {every["worker-green"].urn, every["digest-green"].urn}
    for name in ("worker-blue", "digest-blue"):
        assert {route, *stopped} <= set(every[name].dependencies)
    for name in ("worker-green", "digest-green"):
        assert route in every[name].dependencies


def test_stopping_them_waits_for_nothing_of_a_color_that_may_be_broken(
    blue_active: Program,
) -> None:
    for name in ("worker-green", "digest-green"):
        waits = background(blue_active)[name].dependencies
        assert not [urn for urn in waits if "Job::" in urn or "Deployment::" in urn], waits


def test_starting_them_waits_for_the_migration_of_their_color(blue_active: Program) -> None:
    job = next(each for each in blue_active.of("Job").values() if "blue" in each.name)
    for name in ("worker-blue", "digest-blue"):
        assert job.urn in background(blue_active)[name].dependencies


def test_the_route_waits_for_none_of_them_so_they_never_hold_up_a_switch() -> None:
    found = program(activeColor="green", canaryWeight=10)
    urns = {each.urn for each in background(found).values()}
    for route in found.of("HTTPRoute").values():
        assert not urns & set(route.dependencies)


def test_the_gate_is_asked_before_each_of_them_is_made_changed_or_deleted(
    blue_active: Program,
) -> None:
    for declared in background(blue_active).values():
        assert declared.hooks == {
            "before_create": ("gate-before-background",),
            "before_update": ("gate-before-background",),
            "before_delete": ("gate-before-background",),
        }


def test_the_gate_can_be_asked_when_the_last_of_them_is_taken_out_of_the_program() -> None:
    config = stack_file("local")
    config["legal-ai:database"]["url"] = "postgresql+psycopg://a:b@10.200.0.1:15432/legal_ai"
    found = run("local", config)
    assert background(found) == {}
    assert "gate-before-background" in found.hooks


def test_an_agent_finds_them_by_label_and_reads_how_many_there_are_when_active() -> None:
    found = program(blue={"version": "v1.0.0", "replicas": 2})
    for name, declared in background(found).items():
        metadata = declared.inputs["metadata"]
        service, _, color = name.partition("-")
        assert metadata["labels"][names.KIND] == {"worker": "worker", "digest": "cron"}[service]
        assert metadata["labels"]["color"] == color
        wanted = {"blue": "2", "green": "3"}[color]
        assert metadata["annotations"][names.REPLICAS] == wanted


def test_what_an_agent_or_a_script_scaled_may_be_written_by_pulumi_again(
    blue_active: Program,
) -> None:
    for declared in background(blue_active).values():
        assert declared.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"


def test_their_pods_and_runs_carry_the_label_so_that_leftovers_are_found(
    blue_active: Program,
) -> None:
    every = background(blue_active)
    for name, kind in (("worker-blue", "worker"), ("digest-green", "cron")):
        spec = every[name].inputs["spec"]
        templates = [spec["template"]] if kind == "worker" else [spec["jobTemplate"]]
        templates += [each["spec"]["template"] for each in templates if kind == "cron"]
        for template in templates:
            assert template["metadata"]["labels"][names.KIND] == kind
            assert template["metadata"]["labels"]["color"] == name.partition("-")[2]


def test_nobody_sends_them_requests_so_there_is_no_service_port_or_disruption_budget(
    blue_active: Program,
) -> None:
    for kind in ("Service", "PodDisruptionBudget"):
        assert not set(OBJECTS) & set(blue_active.of(kind))
    for declared in background(blue_active).values():
        container = pod(declared)["containers"][0]
        assert not {"ports", "readinessProbe", "livenessProbe", "lifecycle"} & set(container)


def test_a_worker_counts_as_started_only_when_it_has_run_for_a_while(blue_active: Program) -> None:
    spec = background(blue_active)["worker-blue"].inputs["spec"]
    assert spec["minReadySeconds"] > 0


def test_a_worker_has_its_grace_period_to_finish_what_it_has_in_hand(blue_active: Program) -> None:
    for declared in background(blue_active).values():
        assert pod(declared)["terminationGracePeriodSeconds"] == 20


def test_their_pods_meet_pod_security_restricted(blue_active: Program) -> None:
    for declared in background(blue_active).values():
        spec = pod(declared)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        container = spec["containers"][0]["securityContext"]
        assert container["allowPrivilegeEscalation"] is False
        assert container["readOnlyRootFilesystem"] is True
        assert container["capabilities"] == {"drop": ["ALL"]}


def test_a_cron_job_never_overlaps_itself_ends_in_time_and_is_made_up_for_a_short_while(
    blue_active: Program,
) -> None:
    spec = background(blue_active)["digest-blue"].inputs["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 600
    # Below ten seconds Kubernetes would skip runs: it looks that often.
    assert 10 <= spec["startingDeadlineSeconds"] <= 3600
    assert spec["failedJobsHistoryLimit"] > 0


def test_a_schedule_is_in_utc_wherever_the_cluster_is(blue_active: Program) -> None:
    assert background(blue_active)["digest-blue"].inputs["spec"]["timeZone"] == "Etc/UTC"


def test_a_worker_that_is_to_have_no_pods_has_none_in_the_active_color_either() -> None:
    none = {"backend": 1, "frontend": 1, "worker": 0, "digest": 0}
    found = program(blue={"version": "v1.0.0", "replicas": none})
    assert runs(found) == set()
    assert background(found)["digest-blue"].inputs["metadata"]["annotations"][names.REPLICAS] == "0"


def test_a_color_without_version_has_none() -> None:
    found = program(green={"replicas": 1})
    assert set(background(found)) == {"worker-blue", "digest-blue"}
    assert runs(found) == {"worker-blue", "digest-blue"}


def test_a_changed_secret_makes_new_workers() -> None:
    def checksums(found: Program) -> Any:
        template = background(found)["worker-blue"].inputs["spec"]["template"]
        return template["metadata"]["annotations"]

    other = {"JWT_SECRET": "another-secret-of-32-bytes-or-more", "SMOKE_PASSWORD": "another"}
    key = f"{names.DOMAIN}/secret-checksum"
    assert checksums(program())[key] != checksums(program(secrets=other))[key]


def test_they_may_reach_the_stores_and_nobody_may_reach_them(blue_active: Program) -> None:
    policies = blue_active.of("NetworkPolicy")
    out = policies["allow-stores-and-https"].inputs["spec"]
    assert out["podSelector"] == {}
    ports = {each["port"] for rule in out["egress"] for each in rule["ports"]}
    assert {15432, *EGRESS_PORTS} <= ports
    own = program(services=stack_file("local")["legal-ai:services"] | {"worker": PORTED})
    for policy in own.of("NetworkPolicy").values():
        assert "9999" not in str(policy.inputs["spec"])


PORTED = {**WORKER, "port": 9999}


def test_the_quota_has_room_for_them() -> None:
    def limit(settings: Settings) -> int:
        return settings.pod_limit()

    worker = {"services.worker": {**WORKER}, "services.digest": {**CRON}}
    more = limit(loaded(worker)) - limit(loaded())
    assert more >= len(Color) * (2 + 1)


def test_a_cron_job_needs_no_number_of_pods_where_each_service_has_its_own() -> None:
    numbers = {"backend": 2, "frontend": 2, "worker": 1}
    settings = loaded(
        {"services.worker": WORKER, "services.digest": CRON, "blue.replicas": numbers}
    )
    assert settings.replicas(Color.BLUE, "digest") == 1
    error = refused(
        {"services.worker": WORKER, "services.digest": CRON, "blue.replicas": {"backend": 2}}
    )
    assert "blue.replicas.worker is missing" in str(error)
    assert "digest" not in str(error)


def test_a_cron_service_whose_runs_could_not_be_named_is_refused() -> None:
    for length in (46, 47):
        changes = {f"services.{'d' * length}": CRON}
        if length == 46:
            loaded(changes)
        else:
            assert "46 characters at most" in str(refused(changes))
