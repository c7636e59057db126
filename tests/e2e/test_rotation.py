"""Secrets changed by the scripts on a real stack, under load: nobody is cut off, or all are."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from bench.load import Load
from local.addresses import DATABASE_PASSWORD, LOOPBACK, NODE_ADDRESS, POSTGRES_PORT
from local.parts.postgres import ADMIN_ROLE
from ops import web
from tests.e2e.conftest import project_with
from tests.e2e.project import Project

RATE: Final = 60
PATHS: Final = ("/api/health/database", "/")
SERVER: Final = f"{ADMIN_ROLE}:{DATABASE_PASSWORD}@{{}}:{POSTGRES_PORT}"
SMOKE_USER: Final = {"username": "test@example.com", "password": "testpass"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Both colors of a project; no other stack logs in as the owner of its database."""
    with project_with(tmp_path_factory.mktemp("rotation")) as project:
        yield from _with_an_owner_of_its_own(project)


def _with_an_owner_of_its_own(project: Project) -> Iterator[Project]:
    owner = database = project.namespace.replace("-", "_")
    with psycopg.connect(
        f"postgresql://{SERVER.format(LOOPBACK)}/postgres", autocommit=True
    ) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'first'").format(sql.Identifier(owner))
        )
        admin.execute(sql.SQL("ALTER DATABASE {0} OWNER TO {0}").format(sql.Identifier(database)))
        urls = {
            "url": f"{owner}:first@{NODE_ADDRESS}:{POSTGRES_PORT}/{database}",
            "adminUrl": f"{SERVER.format(NODE_ADDRESS)}/postgres",
        }
        for key, url in urls.items():
            full = f"postgresql+psycopg://{url}"
            path = f"legal-ai:database.{key}"
            project.pulumi("config", "set", "--path", "--secret", path, full).ok()
        try:
            project.up().ok()
            yield project
        finally:
            namespace = project.namespace
            project.kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
            for role in (f"{owner}_a", f"{owner}_b", owner):
                admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def killed(project: Project, place: str, name: str, *args: str) -> None:
    ran = project.script(name, *args, FAILPOINT=place)
    assert ran.code == -signal.SIGKILL, ran.text


def ask(url: str, method: str, path: str, **parts: Any) -> Any:
    with web.client(url) as client:
        return client.request(method, path, **parts)


def log_in(project: Project, color: str) -> str:
    answer = ask(project.preview_url(color), "POST", "/api/auth/login", json=SMOKE_USER)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def is_session(project: Project, color: str, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return bool(
        ask(project.preview_url(color), "GET", "/api/users/me", headers=headers).status_code == 200
    )


def logins(project: Project) -> list[str]:
    """Who may log in to the project's database."""
    owner = project.namespace.replace("-", "_")
    query = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE %s ORDER BY 1"
    with psycopg.connect(f"postgresql://{SERVER.format(LOOPBACK)}/postgres") as admin:
        return [name for (name,) in admin.execute(query, [f"{owner}%"])]


@pytest.mark.long
def test_the_database_password_twice_and_killed_on_the_way_loses_no_request(
    deployed: Project,
) -> None:
    owner = deployed.namespace.replace("-", "_")
    with Load(deployed.url, PATHS, RATE) as load:
        killed(deployed, "rotation.deployed.begun", "rotate_db_password.py")
        assert logins(deployed) == [owner, f"{owner}_a"]
        deployed.script("rotate_db_password.py").ok()
        assert logins(deployed) == [f"{owner}_a"]
        deployed.script("rotate_db_password.py").ok()
        assert logins(deployed) == [f"{owner}_b"]
    assert load.lost == []
    assert [shot for shot in load.shots if shot.status >= 400] == []
    for color in ("blue", "green"):
        answer = ask(deployed.preview_url(color), "GET", "/api/health/database")
        assert answer.status_code == 200, answer.text
    status = json.loads(deployed.script("rotate_db_password.py", "--status", "--json").ok().text)
    assert status["open"] is None
    assert [each["outcome"] for each in status["history"]] == ["done", "done"]


@pytest.mark.long
def test_sessions_go_on_in_both_colors_while_the_jwt_secret_changes_and_end_when_that_is_asked(
    deployed: Project,
) -> None:
    session = log_in(deployed, "blue")
    with Load(deployed.url, PATHS, RATE) as load:
        killed(deployed, "rotation.switched.kept", "rotate_jwt_secret.py")
        deployed.script("rotate_jwt_secret.py").ok()
        for color in ("blue", "green"):
            assert is_session(deployed, color, session), color
            assert is_session(deployed, color, log_in(deployed, "green")), color
        deployed.script("rotate_jwt_secret.py", "--finish").failed("good for 4")
        later = log_in(deployed, "green")
        deployed.script("rotate_jwt_secret.py", "--now").ok()
    assert load.lost == []
    for color in ("blue", "green"):
        assert not is_session(deployed, color, session), color
        assert not is_session(deployed, color, later), color
        assert is_session(deployed, color, log_in(deployed, color)), color
