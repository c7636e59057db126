"""`scripts/migrate.py` and the gate's schema rule on the real stack: Jobs, refusals, kills."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from local.addresses import DATABASE_PASSWORD, LOOPBACK, POSTGRES_PORT
from local.parts.postgres import ADMIN_ROLE
from tests.e2e import visitor
from tests.e2e.conftest import NewProject
from tests.e2e.project import ROOT, Project, Ran, finish

EXPANDED, REQUIRED, CONTRACTED = "c5d0f1a27e43", "9be37a60d4f8", "e21f8c94b7a5"
INDEXED = "17c94ab2e8d6"


def run(project: Project, *args: str, script: str = "migrate.py", **env: str) -> Ran:
    return project.script(script, *args, **env)


def result(ran: Ran) -> Any:
    """The JSON at the end of what was printed, behind the progress."""
    text = "\n" + ran.ok().text
    begin = min(place for place in (text.find("\n{"), text.find("\n[")) if place >= 0)
    return json.loads(text[begin:])


def schema(project: Project) -> tuple[int, int]:
    """Level and floor, as recorded."""
    found = json.loads(project.get("configmap", "schema")["data"]["database"])
    return found["level"], found["floor"]


def images(project: Project) -> set[str]:
    """Versions whose range is recorded."""
    found = json.loads(project.get("configmap", "schema")["data"]["images"])
    return {image["version"] for image in found.values()}


@pytest.fixture
def old(new_project: NewProject) -> Project:
    """Blue serves with v1.1.0; nothing of the rename has begun."""
    project = new_project()
    project.set("blue.version=v1.1.0")
    project.remove("green")
    project.up().ok()
    return project


@pytest.mark.long
def test_the_schema_goes_ahead_of_the_version_and_a_color_without_it_gets_no_traffic(
    old: Project,
) -> None:
    assert (schema(old), images(old)) == ((3, 1), {"v1.1.0"})
    old.set("green.version=v1.2.0", "green.replicas=1")
    planned = result(run(old, "plan", "--color", "green", "--json"))
    assert [(one["revision"], one["phase"]) for one in planned["pending"]] == [(EXPANDED, "expand")]
    assert planned["pending"][0]["fits"] == {"blue v1.1.0": True}

    both = [old.start_script("migrate.py", "upgrade", "--color", "green") for _ in range(2)]
    for process in both:
        finish(process).ok()
    assert (schema(old), images(old)) == ((4, 1), {"v1.1.0", "v1.2.0"})
    run(old, "upgrade", "--color", "green").ok()
    old.up().ok()

    refused = run(old, "downgrade", INDEXED)
    refused.failed(f"--yes-downgrade {INDEXED}")
    assert refused.code == 2
    run(old, "downgrade", INDEXED, "--yes-downgrade", INDEXED).ok()
    assert schema(old) == (3, 1)
    old.switch("green").failed("v1.2.0 needs schema level 4", "migrate.py upgrade --color green")
    assert visitor.colors(old.url) == visitor.everywhere("blue")

    run(old, "upgrade").ok()
    old.kubectl("rollout", "status", "deployment/backend-green", "--timeout=60s").ok()
    old.switch("green").ok()
    assert visitor.colors(old.url) == visitor.everywhere("green")


@pytest.mark.long
def test_what_needs_a_step_of_its_own_fails_a_bare_up_at_once_with_the_steps_to_take(
    old: Project,
) -> None:
    old.set("green.version=v1.3.0", "green.replicas=1")
    old.up().failed("v1.3.0 needs schema level 5", "scripts/migrate.py backfill")
    pods = old.kubectl("get", "pods", "-l", "app=migrate,color=green", "-o", "name").ok()
    assert len(pods.text.split()) == 1, "it was tried again"
    assert visitor.colors(old.url) == visitor.everywhere("blue")
    run(old, "backfill").ok()
    run(old, "upgrade").ok()
    old.up().ok()
    assert schema(old) == (5, 1)


@pytest.mark.long
def test_a_contract_waits_for_the_last_old_color_and_the_gate_for_the_contract(
    old: Project,
) -> None:
    old.set("green.version=v1.2.0", "green.replicas=1")
    old.up().ok()
    run(old, "backfill").ok()
    old.set("green.version=v1.4.0")
    run(old, "upgrade", "--to", REQUIRED).ok()
    old.up().ok()
    refused = run(old, "upgrade")
    refused.failed("blue serves 100 % of the public with v1.1.0", "contracted away")
    assert refused.code == 1
    old.switch("green").ok()
    run(old, "upgrade").failed("blue runs v1.1.0")
    old.set("blue.replicas=0")
    old.up().ok()
    run(old, "upgrade").failed("can be scaled up and gone back to with v1.1.0")
    assert schema(old) == (5, 1)

    by_hand = ["kubectl", "--namespace", old.namespace, "exec", "deployment/backend-green", "--"]
    command = ["python3", "-m", "legal_ai.migrate", "upgrade", "--allow-contract"]
    subprocess.run([*by_hand, *command], check=True, capture_output=True)
    run(old, "verify", "--color", "green").ok()
    assert schema(old) == (6, 5)
    old.set("blue.replicas=1", "canaryWeight=10")
    # By itself the whole `up` would end earlier: the pods ask the database, and never get ready.
    route = old.up("--target", "**HTTPRoute::legal-ai")
    route.failed("v1.1.0 knows the schema up to level 3", "contracted away")
    assert visitor.colors(old.url) == visitor.everywhere("green")


PLACES = ("migrate.job_created", "migrate.job_finished", "migrate.recorded")


@pytest.mark.long
def test_a_killed_upgrade_is_finished_by_the_same_command(old: Project) -> None:
    old.set("green.version=v1.2.0", "green.replicas=1")
    for place in PLACES:
        died = run(old, "upgrade", FAILPOINT=place)
        assert died.code == -signal.SIGKILL, died.text
        run(old, "upgrade").ok()
        assert schema(old) == (4, 1)
        run(old, "verify").ok()
        run(old, "downgrade", INDEXED, "--color", "green", "--yes-downgrade", INDEXED).ok()
        assert schema(old) == (3, 1)


@pytest.mark.long
def test_a_rehearsal_on_a_verified_backup_changes_nothing_and_leaves_nothing(old: Project) -> None:
    old.remove("backups.archive")
    admin = f"postgresql+psycopg://{ADMIN_ROLE}:{DATABASE_PASSWORD}@{LOOPBACK}:{POSTGRES_PORT}"
    url = f"{admin}/{old.namespace.replace('-', '_')}"
    old.pulumi("config", "set", "--path", "--secret", "legal-ai:database.adminUrl", url).ok()
    old.set(f"backups.store={old.folder}/backups", "green.version=v1.4.0", "green.replicas=0")
    old.up("--target", "**Namespace::namespace").ok()
    run(old, script="backup_production_db.py").ok()
    run(old, "rehearse").failed("no backup was ever proven", "verify_backup.py")
    run(old, "latest", script="verify_backup.py").ok()
    died = run(old, "rehearse", FAILPOINT="migrate.job_created")
    assert died.code == -signal.SIGKILL, died.text
    done = result(run(old, "rehearse", "--json"))
    assert [one["step"].split()[0] for one in done["steps"]] == [
        "restore",
        *("upgrade", "backfill", "upgrade"),
        "downgrade",
        *("upgrade", "backfill", "upgrade"),
    ]
    assert schema(old) == (3, 1)
    assert "rehearsal" not in old.kubectl("get", "secrets", "-o", "name").ok().text


def test_the_scripts_help_says_every_command() -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "migrate.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "200"},
    ).stdout
    for command in ("plan", "lint", "rehearse", "upgrade", "verify", "downgrade", "backfill"):
        assert f"  {command} " in told
