"""What a release is checked by: as it is configured, refused, and read back by the scripts."""

from __future__ import annotations

from typing import Any

import pytest

from components.release_facts import release_facts
from components.settings import Settings
from ops.release_facts import ReleaseFacts
from tests.unit.configs import ENCRYPTED, loaded, refused

RELEASE: dict[str, Any] = {
    "repository": "owner/app",
    "token": "host-token",
    "checks": {"tests": ["backend", "frontend"]},
    "environmentExample": "../app/.env.example",
    "stagingStack": "staging",
    "sentry": {"organization": "acme", "project": "backend", "token": "sentry-token"},
}


def configured() -> Settings:
    changes = {"release": RELEASE, "services.frontend.env": {"API_URL": "x"}}
    return loaded(changes, encrypted=[*ENCRYPTED, "release"])


def test_the_scripts_read_back_what_was_configured_with_its_secrets() -> None:
    facts = ReleaseFacts.model_validate(release_facts(configured()))
    assert (facts.repository, facts.git_host) == ("owner/app", "https://api.github.com")
    assert facts.checks["tests"] == ("backend", "frontend")
    assert facts.token.get_secret_value() == "host-token"
    assert facts.sentry is not None
    assert facts.sentry.url == "https://sentry.io"
    assert facts.sentry.token.get_secret_value() == "sentry-token"
    assert (facts.environment_example, facts.staging_stack) == ("../app/.env.example", "staging")
    assert "token" not in repr(facts).replace("token=SecretStr", "")


def test_the_variables_are_all_that_the_services_are_given() -> None:
    found = release_facts(configured())["variables"]
    assert {"API_URL", "DATABASE_URL", "REDIS_URL", "JWT_SECRET", "SMOKE_PASSWORD"} <= set(found)


def test_a_stack_that_says_nothing_of_it_has_nothing_configured() -> None:
    facts = ReleaseFacts.model_validate(release_facts(loaded()))
    assert (facts.repository, facts.environment_example, facts.staging_stack) == ("", "", "")
    assert facts.sentry is None


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("release.repository", "https://github.com/owner/app", "release.repository"),
        ("release.gitHost", "http://git.test/api", "release.gitHost"),
        ("release.sentry", {"organization": "acme", "project": "b"}, "release.sentry.token"),
        (
            "release.sentry",
            {**RELEASE["sentry"], "url": "http://sentry.test"},
            "release.sentry.url",
        ),
        ("release.checks.test", ["ci"], "release.checks.test"),
    ],
)
def test_what_can_not_be_right_is_refused_by_its_key(path: str, value: Any, key: str) -> None:
    error = refused({path: value}, encrypted=[*ENCRYPTED, "release"])
    assert [problem.key for problem in error.problems] == [f"legal-ai:{key}"]


def test_its_tokens_have_to_be_encrypted() -> None:
    error = refused({"release": RELEASE})
    assert {problem.key for problem in error.problems} == {
        "legal-ai:release.token",
        "legal-ai:release.sentry.token",
    }
    assert "host-token" not in str(error)
