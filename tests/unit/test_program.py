"""The whole program against a mock engine: what each stack declares, by name and by count.

What the cluster makes of it is in tests/e2e; here is what would be asked of it.
"""

from collections import Counter
from typing import Any

import pulumi
import pytest

from ops.color import Color
from tests.unit.engine import Declared, Program, run, stack_file

ONE_COLOR = Counter(
    {
        "Secret": 1,
        "Job": 1,
        "Deployment": 2,
        "Service": 2,
        "ConfigMap": 2,
        "PodDisruptionBudget": 2,
        "HTTPRoute": 1,
    }
)
SHARED = Counter(
    {
        "Namespace": 1,
        "NetworkPolicy": 5,
        "ResourceQuota": 1,
        "HTTPRoute": 1,
        "ValidatingAdmissionPolicy": 1,
        "ValidatingAdmissionPolicyBinding": 1,
    }
)
UNWATCHED = {"legal-ai:agent": {"enabled": False}, "legal-ai:alerts": {"delivery": "none"}}
"""What watches a stack has tests of its own."""

REPLICAS = {"staging": 1, "production": 3}


def config(stack: str, **changes: Any) -> dict[str, Any]:
    found = stack_file(stack)
    if stack == "local":
        found["legal-ai:database"]["url"] = "postgresql+psycopg://a:b@10.200.0.1:15432/legal_ai"
    return found | UNWATCHED | {f"legal-ai:{key}": value for key, value in changes.items()}


def both_colors(stack: str, earlier: Program | None = None, **changes: Any) -> Program:
    colors = {c: {"version": v, "replicas": 3} for c, v in (("blue", "v1"), ("green", "v2"))}
    return run(stack, config(stack, **(colors | changes)), earlier)


def kinds(program: Program) -> Counter[str]:
    return Counter(
        found.type.rpartition(":")[2]
        for found in program.resources.values()
        if found.type.startswith("kubernetes:")
    )


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_a_stack_with_one_color_declares_that_color_and_what_is_shared(stack: str) -> None:
    program = run(stack, config(stack))
    assert kinds(program) == SHARED + ONE_COLOR
    assert set(program.of("Deployment")) == {"backend-blue", "frontend-blue"}
    assert set(program.of("Service")) == {"backend-blue", "frontend-blue"}
    assert set(program.of("HTTPRoute")) == {"legal-ai", "legal-ai-preview-blue"}
    assert set(program.of("NetworkPolicy")) == {
        "default-deny",
        "allow-gateway",
        "allow-stores-and-https",
        "allow-within-blue",
        "allow-within-green",
    }
    for deployment in program.of("Deployment").values():
        assert deployment.inputs["spec"]["replicas"] == REPLICAS[stack]


def test_the_local_stack_declares_both_colors_at_their_versions() -> None:
    program = run("local", config("local"))
    assert kinds(program) == SHARED + ONE_COLOR + ONE_COLOR
    images = {
        name: found.inputs["spec"]["template"]["spec"]["containers"][0]["image"]
        for name, found in program.of("Deployment").items()
    }
    assert images == {
        "backend-blue": "localhost/legal-ai-backend:v1.0.0",
        "frontend-blue": "localhost/legal-ai-frontend:v1.0.0",
        "backend-green": "localhost/legal-ai-backend:v1.1.0",
        "frontend-green": "localhost/legal-ai-frontend:v1.1.0",
    }


@pytest.mark.parametrize("stack", ["local", "staging", "production"])
def test_every_stack_of_ours_is_watched_and_acted_on(stack: str) -> None:
    as_it_stands = {key: stack_file(stack).get(key, {}) for key in UNWATCHED}
    components = run(stack, config(stack) | as_it_stands).resources
    assert "legal-ai:rollback_agent:RollbackAgent::rollback-agent" in components
    assert "legal-ai:alert_rules:AlertRules::alert-rules" in components


def test_outputs_say_where_it_is_and_who_serves() -> None:
    outputs = both_colors("production", activeColor="green", canaryWeight=10).outputs
    assert outputs["publicUrl"] == "https://legal-ai-system.com"
    assert outputs["previewUrls"]["green"] == "https://green.internal.legal-ai-system.com"
    assert outputs["activeColor"] == "green"
    assert outputs["weights"] == {"green": 90, "blue": 10}
    assert outputs["versions"] == {"blue": "v1", "green": "v2"}
    assert outputs["namespace"] == "production"


def test_components_have_our_tokens_and_every_resource_has_a_parent() -> None:
    program = both_colors("production")
    ours = {found.type for found in program.resources.values() if "legal-ai:" in found.type}
    assert ours == {
        "legal-ai:namespace:Namespace",
        "legal-ai:color_stack:ColorStack",
        "legal-ai:held_color:HeldColor",
        "legal-ai:workload:Workload",
        "legal-ai:migration:Migration",
        "legal-ai:traffic:Traffic",
        "legal-ai:background:Background",
        "legal-ai:database:Database",
        "legal-ai:backups:Backups",
    }
    for found in program.resources.values():
        if found.type.startswith(("kubernetes:", "aws:")):
            assert "legal-ai:" in found.parent, found.name


@pytest.mark.parametrize(
    ("active", "weight", "receiving"),
    [("blue", 0, {"blue"}), ("green", 0, {"green"}), ("blue", 10, {"blue", "green"})],
)
def test_the_public_route_waits_for_the_colors_that_get_weight_and_only_those(
    active: str, weight: int, receiving: set[str]
) -> None:
    route = both_colors("production", activeColor=active, canaryWeight=weight).of("HTTPRoute")[
        "legal-ai"
    ]
    waits = {
        urn.rpartition("::")[2].split("-")[1]
        for urn in route.dependencies
        if "apps/v1:Deployment" in urn
    }
    assert waits == receiving


def test_the_public_route_waits_for_a_scale_down_to_be_let_go_or_refused() -> None:
    idle = {"version": "v1", "replicas": 0}
    program = both_colors("production", activeColor="green", blue=idle)
    route = program.of("HTTPRoute")["legal-ai"]
    for name in ("backend-blue", "frontend-blue", "backend-green", "frontend-green"):
        assert program.of("Deployment")[name].urn in route.dependencies


def test_preview_routes_wait_for_no_deployment() -> None:
    for name, route in both_colors("production").of("HTTPRoute").items():
        if name != "legal-ai":
            assert not [urn for urn in route.dependencies if "apps/v1:Deployment" in urn]


def test_the_gate_is_bound_to_the_public_route_and_to_every_deployment() -> None:
    program = both_colors("production")
    assert program.of("HTTPRoute")["legal-ai"].hooks == {
        "before_create": ("gate-before-route",),
        "before_update": ("gate-before-route",),
        "after_create": ("gate-after-route",),
        "after_update": ("gate-after-route",),
    }
    for deployment in program.of("Deployment").values():
        assert deployment.hooks == {
            "before_create": ("gate-before-workload",),
            "before_update": ("gate-before-workload",),
            "before_delete": ("gate-before-workload",),
        }


def test_hooks_are_there_also_for_a_color_that_is_no_longer_declared() -> None:
    program = run("production", config("production"))
    assert "gate-before-workload" in program.hooks


def pod(deployment: Declared) -> Any:
    return deployment.inputs["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def deployments() -> dict[str, Declared]:
    return both_colors("production").of("Deployment")


def test_pods_meet_pod_security_restricted(deployments: dict[str, Declared]) -> None:
    namespace = both_colors("production").of("Namespace")["production"]
    assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == (
        "restricted"
    )
    for deployment in deployments.values():
        spec = pod(deployment)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        container = spec["containers"][0]["securityContext"]
        assert container["allowPrivilegeEscalation"] is False
        assert container["readOnlyRootFilesystem"] is True
        assert container["capabilities"] == {"drop": ["ALL"]}


def test_a_rollout_never_takes_a_ready_pod_away_first(deployments: dict[str, Declared]) -> None:
    for deployment in deployments.values():
        assert deployment.inputs["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_pod_serves_on_while_routes_learn_that_it_leaves_and_is_not_cut_off(
    deployments: dict[str, Declared],
) -> None:
    for deployment in deployments.values():
        spec = pod(deployment)
        pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert 0 < pause < spec["terminationGracePeriodSeconds"]


def test_every_container_has_three_probes_and_resources(deployments: dict[str, Declared]) -> None:
    for deployment in deployments.values():
        container = pod(deployment)["containers"][0]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["path"].startswith("/")
        assert container["resources"]["requests"]["memory"]
        assert container["resources"]["limits"]["memory"]


def test_liveness_of_the_backend_does_not_depend_on_the_database(
    deployments: dict[str, Declared],
) -> None:
    container = pod(deployments["backend-blue"])["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_pods_are_spread_over_zones_and_nodes(deployments: dict[str, Declared]) -> None:
    for deployment in deployments.values():
        keys = [c["topologyKey"] for c in pod(deployment)["topologySpreadConstraints"]]
        assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def test_selectors_pick_one_service_in_one_color(deployments: dict[str, Declared]) -> None:
    program = both_colors("production")
    for name, deployment in deployments.items():
        service, color = name.split("-")
        wanted = {"app": service, "color": color}
        assert deployment.inputs["spec"]["selector"]["matchLabels"] == wanted
        assert program.of("Service")[name].inputs["spec"]["selector"] == wanted
        budget = program.of("PodDisruptionBudget")[name].inputs["spec"]
        assert budget["selector"]["matchLabels"] == wanted


def test_the_version_is_never_in_the_environment(deployments: dict[str, Declared]) -> None:
    program = both_colors("production")
    for name, found in program.of("ConfigMap").items():
        assert found.inputs["data"]["DEPLOYMENT_COLOR"] in name
        assert "v1" not in found.inputs["data"].values()


def test_only_services_that_ask_for_secrets_get_them(deployments: dict[str, Declared]) -> None:
    sources = {name: str(pod(d)["containers"][0]["envFrom"]) for name, d in deployments.items()}
    assert "app-blue" in sources["backend-blue"]
    assert "app-" not in sources["frontend-blue"]


def checksums(program: Program) -> Any:
    template = program.of("Deployment")["backend-blue"].inputs["spec"]["template"]
    return {k: v for k, v in template["metadata"]["annotations"].items() if "checksum" in k}


def test_a_changed_environment_or_secret_rolls_the_pods_out() -> None:
    first = both_colors("production")
    before = checksums(first)
    assert before == checksums(both_colors("production", first))
    services = {"backend": {"env": {"LOG_LEVEL": "debug"}, "image": "legal-ai-backend"}}
    environment = checksums(both_colors("production", first, services=services))
    other = {"JWT_SECRET": "another-secret-of-32-bytes-or-more", "SMOKE_PASSWORD": "another"}
    secret = checksums(both_colors("production", first, secrets=other))
    changed = {key for key in before if before[key] != environment[key]}
    assert changed == {"legal-ai-system.com/config-checksum"}
    changed = {key for key in before if before[key] != secret[key]}
    assert changed == {"legal-ai-system.com/secret-checksum"}


def test_the_migration_is_done_before_a_colors_first_pod_and_once_a_version() -> None:
    program = both_colors("production")
    jobs = program.of("Job")
    assert len(jobs) == 2
    for name, deployment in program.of("Deployment").items():
        color = name.split("-")[1]
        job = next(job for job in jobs.values() if job.name == f"migrate-{color}-job")
        assert job.urn in deployment.dependencies
    later = both_colors("production", program, green={"version": "v3", "replicas": 3}).of("Job")
    assert {name for name in jobs if "blue" in name} == {name for name in later if "blue" in name}
    assert {name for name in jobs if "green" in name}.isdisjoint(later)


def test_a_changed_secret_migrates_again_because_the_smoke_user_is_seeded_there() -> None:
    other = {"JWT_SECRET": "another-secret-of-32-bytes-or-more", "SMOKE_PASSWORD": "another"}
    before, after = both_colors("production"), both_colors("production", secrets=other)
    assert set(before.of("Job")).isdisjoint(after.of("Job"))


def test_services_are_not_waited_for_and_deployments_only_as_long_as_configured() -> None:
    program = both_colors("production")
    for service in program.of("Service").values():
        assert service.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    for deployment in program.of("Deployment").values():
        assert deployment.inputs["metadata"]["annotations"]["pulumi.com/timeoutSeconds"] == "300"


def test_pulumi_may_write_again_what_agent_and_scripts_have_written() -> None:
    program = both_colors("production")
    for found in (*program.of("HTTPRoute").values(), *program.of("Deployment").values()):
        assert found.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"


def test_no_map_is_given_empty_because_it_would_differ_for_ever() -> None:
    def empties(value: Any, path: str) -> list[str]:
        if value == {}:
            return [path]
        if isinstance(value, dict):
            return [e for key, inner in value.items() for e in empties(inner, f"{path}.{key}")]
        if isinstance(value, list):
            return [e for inner in value for e in empties(inner, f"{path}[]")]
        return []

    found = [
        path
        for key, resource in both_colors("production").resources.items()
        if key.startswith("kubernetes:")
        for path in empties(dict(resource.inputs), key)
    ]
    # `podSelector: {}` is how a NetworkPolicy says "all pods".
    assert {path.rpartition(".")[2] for path in found} == {"podSelector"}


def test_with_ingress_nginx_the_canary_is_written_before_the_main_ingress() -> None:
    program = both_colors("production", router="ingress-nginx", canaryWeight=10)
    ingresses = program.of("Ingress")
    assert set(ingresses) == {
        "legal-ai-ingress",
        "legal-ai-canary",
        "legal-ai-preview-blue",
        "legal-ai-preview-green",
    }
    assert program.of("HTTPRoute") == {}
    assert ingresses["legal-ai-canary"].urn in ingresses["legal-ai-ingress"].dependencies
    assert "before_update" in ingresses["legal-ai-canary"].hooks
    assert "after_update" in ingresses["legal-ai-ingress"].hooks


def test_the_quota_leaves_room_for_both_colors_in_the_middle_of_a_rollout() -> None:
    quota = both_colors("production").of("ResourceQuota")["quota"]
    assert int(quota.inputs["spec"]["hard"]["pods"]) >= 2 * 2 * 3 * len(Color)


def test_bad_configuration_ends_the_program_with_every_problem_and_no_resource() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        both_colors("production", canaryWeight=150, activeColor="red", canaryWieght=1)
    for key in ("legal-ai:canaryWeight", "legal-ai:activeColor", "legal-ai:canaryWieght"):
        assert key in str(refused.value)
