"""Whom the application logs in as on an instance: what configuration may say, and what it does."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from tests.unit.configs import refused
from tests.unit.test_database import URL, credentials, environment_of, instance, program

LOGIN = "legal_ai_admin_a:drawn-pass/word"


def test_the_application_logs_in_so_and_scripts_as_the_administrator() -> None:
    found = program("production", login=LOGIN)
    address = urlsplit(environment_of(found, "blue")["DATABASE_URL"])
    assert (address.username, address.password) == ("legal_ai_admin_a", "drawn-pass%2Fword")
    facts: Any = asyncio.run(found.outputs["operations"].future())
    database = facts["database"]
    assert urlsplit(database["adminUrl"]).username == "legal_ai_admin"
    assert urlsplit(database["replicaUrl"]).username == "legal_ai_admin_a"
    assert database["engine"] == "rds"


def test_a_login_that_is_none_is_refused_and_not_shown() -> None:
    for login in ("nobody", ":only-a-word", "only-a-name:"):
        text = str(refused({"database.login": login}, encrypted={"database.login"}))
        assert "legal-ai:database.login" in text
        assert login not in text


def test_a_login_beside_an_address_that_has_one_is_refused() -> None:
    rds = {"database": {"kind": "rds", "url": URL, "login": LOGIN}}
    text = str(refused(base=rds))
    assert "is set beside database.url" in text
    assert "drawn-pass" not in text


def test_a_higher_number_draws_the_administrators_password_anew_in_the_same_instance() -> None:
    first = program("staging")
    again = program("staging", first, adminPassword=2)
    found = again.of("SecretVersion")["database-g1-admin-version-2"]
    assert credentials(first)["password"] not in found.inputs["secretString"]
    assert instance(again, "g1").inputs["password"] != instance(first, "g1").inputs["password"]
    assert instance(again, "g1").inputs["identifier"] == instance(first, "g1").inputs["identifier"]
