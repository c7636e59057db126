"""The budget of connections: what both colors may open, against what the server takes."""

from typing import Any

import pytest

from components.settings import connections
from tests.unit.configs import DATABASE_URL, GONE, loaded, refused

RDS = {"database.kind": "rds", "database.url": GONE}


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.t4g.medium", 4),
        ("db.m6g.large", 8),
        ("db.r6g.large", 16),
        ("db.r7g.xlarge", 32),
        ("db.x2g.large", 32),
    ],
)
def test_an_instance_is_believed_to_take_a_little_less_than_aws_formula_says(
    instance_class: str, gib: int
) -> None:
    by_formula = gib * 2**30 // 9_531_392
    believed = connections.capacity(instance_class)
    assert believed is not None
    assert 0.69 * by_formula < believed < by_formula


def test_no_instance_takes_more_than_five_thousand() -> None:
    assert connections.capacity("db.r6g.16xlarge") == 5000


@pytest.mark.parametrize("instance_class", ["db.z1d.large", "db.m6g.metal", "db.serverless.none"])
def test_a_class_whose_memory_is_not_known_is_not_guessed(instance_class: str) -> None:
    assert connections.capacity(instance_class) is None


def budget(most: int, **changes: Any) -> dict[str, Any]:
    """Two backends a color, by default 2 x 3 pods x 30 connections and 20 in reserve: 200."""
    return {**RDS, "database.maxConnections": most, **changes}


def test_a_budget_that_is_used_up_to_the_last_connection_is_taken() -> None:
    assert loaded(budget(200))
    assert "200 connections" in str(refused(budget(199)))


def test_pool_overflow_and_processes_are_read_from_the_services_environment() -> None:
    env = {
        "services.backend.env.SQLALCHEMY_POOL_SIZE": "5",
        "services.backend.env.SQLALCHEMY_MAX_OVERFLOW": "0",
        "services.backend.env.WEB_CONCURRENCY": "4",
    }
    assert "140 connections" in str(refused(budget(139, **env)))
    assert "pool 5 + overflow 0" in str(refused(budget(139, **env)))


def test_a_service_without_the_databases_address_opens_nothing() -> None:
    assert loaded(budget(200, **{"green.replicas": {"backend": 2, "frontend": 100}}))


def test_workers_are_in_one_color_and_a_cron_job_is_one_pod() -> None:
    more = {
        "services.mail": {"image": "mail", "kind": "worker"},
        "services.digest": {"image": "digest", "kind": "cron", "schedule": "0 6 * * *"},
    }
    message = str(refused(budget(200, **more)))
    assert "mail 90 = 1 color x 3 pods" in message
    assert "digest 30 = 1 color x 1 pod x 1 process" in message
    assert "320 connections" in message


def test_a_color_that_is_scaled_down_counts_as_large_as_the_other_one() -> None:
    assert refused(budget(199, **{"green.replicas": 0}))


def test_a_server_behind_a_url_is_checked_only_where_its_limit_is_configured() -> None:
    many = {"blue.replicas": 100}
    assert loaded(many)
    assert loaded({**RDS, "database.url": DATABASE_URL, **many})
    assert "is 300" in str(refused({**many, "database.maxConnections": 300}))


def test_where_no_class_is_large_enough_the_pool_is_made_to_fit() -> None:
    error = refused({**RDS, "blue.replicas": 200})
    (problem,) = error.problems
    assert problem.fix == (
        "pulumi config set --path legal-ai:services.backend.env.SQLALCHEMY_POOL_SIZE 1 && "
        "pulumi config set --path legal-ai:services.backend.env.SQLALCHEMY_MAX_OVERFLOW 0"
    )
