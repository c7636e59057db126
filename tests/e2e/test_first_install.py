"""An empty cluster, a stack with one color, and both router kinds."""

import httpx2
import pytest

from ops import web
from tests.e2e import visitor
from tests.e2e.conftest import NewProject
from tests.e2e.project import Project


def log_in(project: Project) -> httpx2.Response:
    with web.client(project.url) as client:
        return client.post(
            "/api/auth/login", json={"username": "test@example.com", "password": "testpass"}
        )


def test_a_first_install_migrates_seeds_and_serves_and_destroy_takes_it_away(
    new_project: NewProject,
) -> None:
    project = new_project()
    project.remove("green")
    project.up().ok()
    assert visitor.colors(project.url) == visitor.everywhere("blue")
    assert log_in(project).json()["access_token"]
    assert "green" not in project.kubectl("get", "deployments,services,httproutes").ok().text
    jobs = project.kubectl("get", "jobs", "-o", "name").ok().text.split()
    assert len(jobs) == 1

    project.set("green.version=v1.1.0", "green.replicas=1")
    project.up().ok()
    assert visitor.colors(project.preview_url("green")) == visitor.everywhere("green")
    project.switch("green").ok()
    assert visitor.colors(project.url) == visitor.everywhere("green")

    project.pulumi("destroy", "--yes", "--skip-preview", "--run-program").ok()
    project.kubectl("get", "namespace", project.namespace).failed("not found")


def test_the_namespace_is_restricted_and_nothing_passes_unnamed(project: Project) -> None:
    labels = project.get("namespace", project.namespace)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    deny = project.get("networkpolicy", "default-deny")["spec"]
    assert sorted(deny["policyTypes"]) == ["Egress", "Ingress"]
    assert "ingress" not in deny
    assert "egress" not in deny
    privileged = project.kubectl("run", "root", "--image=localhost/legal-ai-backend:v1.0.0")
    privileged.failed("violates PodSecurity")


@pytest.mark.long
def test_with_ingress_nginx_the_cluster_accepts_the_runbooks_form(new_project: NewProject) -> None:
    project = new_project()
    project.set("router=ingress-nginx", "canaryWeight=10")
    project.set("gate.share=false", "gate.smoke=false")
    project.up().ok()
    nginx = "nginx.ingress.kubernetes.io"
    canary = project.get("ingress", "legal-ai-canary")
    assert canary["metadata"]["annotations"][f"{nginx}/canary"] == "true"
    assert canary["metadata"]["annotations"][f"{nginx}/canary-weight"] == "10"
    main = project.get("ingress", "legal-ai-ingress")
    for ingress, color in ((main, "blue"), (canary, "green")):
        rule = ingress["spec"]["rules"][0]
        assert rule["host"] == project.public_host
        backends = {p["path"]: p["backend"]["service"] for p in rule["http"]["paths"]}
        assert backends["/"] == {"name": f"frontend-{color}", "port": {"number": 3000}}
        assert backends["/api"] == {"name": f"backend-{color}", "port": {"number": 8000}}
    project.switch("green", 0).ok()
    switched = project.get("ingress", "legal-ai-ingress")["spec"]["rules"][0]["http"]["paths"]
    assert {p["backend"]["service"]["name"] for p in switched} == {
        "backend-green",
        "frontend-green",
    }
    standby = project.get("ingress", "legal-ai-canary")
    assert standby["metadata"]["annotations"][f"{nginx}/canary-weight"] == "0"
