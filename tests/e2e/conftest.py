"""The local stack must be up, and its environment sourced: `make e2e` does both."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from ops.cluster import Cluster
from tests.e2e.project import Project

POSTGRES = "legal_ai:legal-ai-local@{}:15432"
HERE, NODE = "127.0.0.1", "10.200.0.1"

NewProject = Callable[[], Project]


@pytest.fixture(scope="session", autouse=True)
def _local_stack() -> None:
    if not os.environ.get("PULUMI_CONFIG_PASSPHRASE") or not os.environ.get("KUBECONFIG"):
        pytest.exit("the local stack's environment is missing: run `make e2e`", returncode=2)


@contextmanager
def project_with(folder: Path, redis_number: int = 1) -> Iterator[Project]:
    """A project with a namespace, a database and hosts of its own; nothing is deployed yet."""
    name = f"e2e-{uuid.uuid4().hex[:6]}"
    database = name.replace("-", "_")
    with psycopg.connect(
        f"postgresql://{POSTGRES.format(HERE)}/postgres", autocommit=True
    ) as admin:
        admin.execute(f'CREATE DATABASE "{database}"')
        made = Project.create(
            folder / name,
            name,
            f"postgresql+psycopg://{POSTGRES.format(NODE)}/{database}",
            f"redis://{NODE}:16379/{redis_number}",
        )
        try:
            yield made
        finally:
            made.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
            # These belong to the cluster and stay when a namespace goes.
            policies = "validatingadmissionpolicy,validatingadmissionpolicybinding"
            made.kubectl("delete", policies, f"legal-ai-held-color.{name}", "--ignore-not-found")
            admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


@pytest.fixture
def new_project(tmp_path: Path) -> Iterator[NewProject]:
    """Makes projects that go away with the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(project_with(tmp_path))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Blue v1.0.0 active and green v1.1.0 in standby, deployed; all of it gone afterwards."""
    with project_with(tmp_path_factory.mktemp("project")) as made:
        made.up().ok()
        yield made


def settle(project: Project) -> Project:
    """Let blue serve everything and nothing be held, whatever a test left behind."""
    project.kubectl("delete", "configmap", "traffic-hold", "--ignore-not-found").ok()
    project.set(
        "activeColor=blue",
        "canaryWeight=0",
        "blue.version=v1.0.0",
        "blue.replicas=1",
        "green.version=v1.1.0",
        "green.replicas=1",
        "serial=0",
    )
    project.up("--refresh").ok()
    return project


@pytest.fixture
def settled(project: Project) -> Project:
    """The project, settled before each test."""
    return settle(project)


@pytest.fixture(scope="module")
def settled_once(project: Project) -> Project:
    """The project, settled before a file's first test: for those that change nothing."""
    return settle(project)


@pytest.fixture
def cluster(project: Project) -> Cluster:
    """The cluster as an outsider reaches it: another field manager than Pulumi's."""
    return Cluster.connect(project.namespace, field_manager="somebody-else")
