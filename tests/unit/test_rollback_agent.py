"""What the program declares of the rollback agent: what it runs as, knows, and may do."""

from typing import Any

import pytest

from ops.agent import INBOX, AgentSettings
from ops.rollback import journal
from tests.unit.engine import Declared, Program, run, stack_file

NAME = "rollback-agent"
SLACK = "https://hooks.test/services/slack-secret"
WRITING = {"update", "patch", "delete", "deletecollection", "create"}


def config(stack: str = "production", **sections: dict[str, Any]) -> dict[str, Any]:
    """The stack file with keys laid over its sections."""
    found = stack_file(stack)
    for section, changes in sections.items():
        found[f"legal-ai:{section}"] = {**found.get(f"legal-ai:{section}", {}), **changes}
    return found


@pytest.fixture(scope="module")
def production() -> Program:
    told = {
        "slackWebhook": SLACK,
        "email": {
            "server": "smtp.test",
            "port": 2525,
            "sender": "a@legal-ai.test",
            "to": ["b@legal-ai.test"],
            "user": "deploy",
            "password": "mail-secret",
        },
    }
    return run("production", config(notifications=told))


def agents(program: Program, kind: str) -> Declared:
    return program.of(kind)[NAME]


def pod_of(program: Program) -> dict[str, Any]:
    spec: dict[str, Any] = agents(program, "Deployment").inputs["spec"]["template"]["spec"]
    return spec


def rules_of(program: Program) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = agents(program, "Role").inputs["rules"]
    return rules


def allowed(program: Program, group: str, resource: str) -> dict[str, tuple[str, ...]]:
    """The verbs on a resource, each with the names that it is limited to."""
    return {
        verb: tuple(rule.get("resourceNames", ()))
        for rule in rules_of(program)
        if group in rule["apiGroups"] and resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_two_pods_run_so_that_one_can_take_over(production: Program) -> None:
    spec = agents(production, "Deployment").inputs["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert agents(production, "PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1
    container = pod_of(production)["containers"][0]
    assert container["image"] == "registry.legal-ai-system.com/legal-ai-agent:v0.1.0"


def test_it_is_no_pod_of_a_color(production: Program) -> None:
    """A color's Service, budget or count of pods must never take it for its own."""
    template = agents(production, "Deployment").inputs["spec"]["template"]
    assert "color" not in template["metadata"]["labels"]
    assert template["metadata"]["labels"]["app"] == NAME


def test_it_runs_with_no_more_rights_on_its_node_than_anything_else(production: Program) -> None:
    pod = pod_of(production)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    assert pod["automountServiceAccountToken"]
    assert pod["serviceAccountName"] == NAME
    assert agents(production, "ServiceAccount").inputs["automountServiceAccountToken"] is False


def test_what_it_is_told_can_be_read_by_it_and_has_no_secret(production: Program) -> None:
    written = agents(production, "ConfigMap").inputs["data"]["settings.json"]
    settings = AgentSettings.from_json(written)
    assert settings.stack == "production"
    assert settings.namespace == "production"
    assert settings.services == {"backend": 8000, "frontend": 3000}
    assert settings.window_minutes == 120
    assert settings.notifications.email is not None
    assert settings.notifications.email.port == 2525
    for secret in (SLACK, "mail-secret", "agent-token"):
        assert secret not in written


def test_its_settings_are_where_it_looks_for_them(production: Program) -> None:
    pod = pod_of(production)
    mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
    assert mounts["settings"] == "/etc/rollback-agent"
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert volumes["settings"]["configMap"] == {"name": NAME}


def test_its_secrets_come_by_the_environment_and_are_never_shown(production: Program) -> None:
    secret = agents(production, "Secret")
    assert secret.inputs["stringData"] == {
        "AGENT_TOKEN": "agent-token-secret-value",
        "EMAIL_PASSWORD": "mail-secret",
        "SLACK_WEBHOOK": SLACK,
    }
    assert "stringData" in secret.secrets
    assert pod_of(production)["containers"][0]["envFrom"] == [{"secretRef": {"name": NAME}}]


@pytest.mark.parametrize(
    "change",
    [{"agent": {"token": "another-token-secret"}}, {"alerts": {"rollback": {"windowMinutes": 60}}}],
)
def test_what_changes_what_it_knows_makes_new_pods(change: dict[str, dict[str, Any]]) -> None:
    def notes(program: Program) -> dict[str, str]:
        template = agents(program, "Deployment").inputs["spec"]["template"]
        found: dict[str, str] = template["metadata"]["annotations"]
        return found

    before, after = run("production", config()), run("production", config("production", **change))
    assert notes(before) != notes(after)


def test_it_may_touch_the_one_public_route(production: Program) -> None:
    assert allowed(production, "gateway.networking.k8s.io", "httproutes") == {
        "get": ("legal-ai",),
        "patch": ("legal-ai",),
    }
    assert allowed(production, "networking.k8s.io", "ingresses") == {}


def test_with_ingress_nginx_it_may_touch_both_ingresses_and_no_route() -> None:
    program = run("production", config() | {"legal-ai:router": "ingress-nginx"})
    both = ("legal-ai-ingress", "legal-ai-canary")
    ingresses = allowed(program, "networking.k8s.io", "ingresses")
    assert ingresses == {"get": both, "patch": both}
    assert allowed(program, "gateway.networking.k8s.io", "httproutes") == {}


def test_it_may_scale_the_colors_deployments_and_change_nothing_else_of_them() -> None:
    services = {"mailer": {"kind": "worker", "image": "legal-ai-mailer", "command": ["mail"]}}
    program = run("local", with_database(config("local", services=services)))
    scaled = allowed(program, "apps", "deployments/scale")
    assert set(scaled["patch"]) == {
        f"{service}-{color}"
        for service in ("backend", "frontend", "mailer")
        for color in ("blue", "green")
    }
    assert WRITING.isdisjoint(allowed(program, "apps", "deployments"))


def test_it_may_move_the_cron_jobs_that_there_are() -> None:
    services = {
        "digest": {
            "kind": "cron",
            "image": "legal-ai-digest",
            "command": ["digest"],
            "schedule": "@daily",
        }
    }
    program = run("local", with_database(config("local", services=services)))
    assert set(allowed(program, "batch", "cronjobs")["patch"]) == {"digest-blue", "digest-green"}
    assert set(allowed(program, "batch", "cronjobs/status")["patch"]) == {
        "digest-blue",
        "digest-green",
    }


def test_what_it_may_write_is_named_one_by_one(production: Program) -> None:
    for rule in rules_of(production):
        assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]
        assert "secrets" not in rule["resources"]
        if WRITING.intersection(rule["verbs"]) - {"create"}:
            assert rule.get("resourceNames"), rule


def test_of_its_notes_only_the_hold_may_be_deleted(production: Program) -> None:
    notes = allowed(production, "", "configmaps")
    assert notes["delete"] == ("traffic-hold",)
    assert journal.NAME in notes["patch"]
    assert INBOX in notes["patch"]
    assert "traffic-hold" in notes["patch"]
    assert "traffic-unverified" not in notes["patch"]
    # Its own settings, and rules that would wake it, are the program's.
    assert NAME not in notes["patch"]


def test_the_rights_are_there_before_the_first_pod(production: Program) -> None:
    waits = agents(production, "Deployment").dependencies
    for kind in ("Role", "RoleBinding", "ServiceAccount"):
        assert agents(production, kind).urn in waits


def test_only_monitoring_reaches_it_and_it_reaches_what_it_must(production: Program) -> None:
    policy = agents(production, "NetworkPolicy").inputs["spec"]
    assert policy["podSelector"] == {"matchLabels": {"app": NAME}}
    assert policy["ingress"][0]["ports"] == [{"port": 8080, "protocol": "TCP"}]
    peer = policy["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"]
    assert peer == {"kubernetes.io/metadata.name": "monitoring"}
    ports = {each["port"] for rule in policy["egress"] for each in rule["ports"]}
    assert {443, 6443, 9090, 9093, 2525} == ports


@pytest.mark.parametrize(
    ("delivery", "host"),
    [("operator", "rollback-agent.production.svc"), ("files", "10.96.0.42")],
)
def test_alertmanager_is_told_an_address_that_it_can_find(delivery: str, host: str) -> None:
    """Where it runs outside the cluster it can look up no name there."""
    program = run(
        "production",
        config(alerts={"delivery": delivery}),
        made={"Service": {"spec": {"clusterIP": "10.96.0.42"}}},
    )
    component = program.of("legal-ai:rollback_agent:RollbackAgent")[NAME]
    assert program.registered[component.urn]["webhookUrl"] == f"http://{host}:8080/webhook"


def test_a_stack_without_the_agent_declares_nothing_of_it() -> None:
    off = config(agent={"enabled": False}, alerts={"delivery": "none"})
    assert not [name for name in run("production", off).resources if NAME in name]


def test_there_is_room_for_it_in_the_quota() -> None:
    def room(program: Program) -> int:
        return int(program.of("ResourceQuota")["quota"].inputs["spec"]["hard"]["pods"])

    off = config(agent={"enabled": False}, alerts={"delivery": "none"})
    assert room(run("production", config())) == room(run("production", off)) + 4


def with_database(found: dict[str, Any]) -> dict[str, Any]:
    found["legal-ai:database"]["url"] = "postgresql+psycopg://a:b@10.200.0.1:15432/legal_ai"
    return found
