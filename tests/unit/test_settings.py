"""What a configuration means once it is loaded: values, defaults, and what the CLI does to types.

Refusals are in `test_settings_refusals.py`, the repository's own stack files in
`test_settings_stacks.py`.
"""

import pytest
from pydantic import ValidationError

from components.settings import Settings
from ops.color import Color
from tests.unit.configs import DATABASE_URL, GONE, JWT_SECRET, REDIS_URL, SMOKE_PASSWORD, loaded

DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_a_sound_configuration_loads() -> None:
    settings = loaded()
    assert settings.environment == "local"
    assert settings.active_color is Color.BLUE
    assert settings.declared_colors() == (Color.BLUE, Color.GREEN)
    assert settings.hosts.port == 8080


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        loaded().canary_weight = 10  # type: ignore[misc]


@pytest.mark.parametrize(
    ("active", "weight", "blue", "green"),
    [("blue", "0", 100, 0), ("blue", "10", 90, 10), ("green", "10", 10, 90), ("blue", 100, 0, 100)],
)
def test_the_canary_weight_is_the_share_of_the_color_that_is_not_active(
    active: str, weight: str, blue: int, green: int
) -> None:
    settings = loaded({"activeColor": active, "canaryWeight": weight})
    assert settings.weights() == {Color.BLUE: blue, Color.GREEN: green}


@pytest.mark.parametrize(
    ("active", "weight", "sentence"),
    [
        ("green", "10", "green serves the public; blue keeps 10 % (canaryWeight 10)"),
        ("blue", "0", "blue serves the public; green gets nothing (canaryWeight 0)"),
        ("blue", "100", "green serves the public although blue is active (canaryWeight 100)"),
    ],
)
def test_a_sentence_says_who_serves(active: str, weight: str, sentence: str) -> None:
    settings = loaded({"activeColor": active, "canaryWeight": weight})
    assert settings.traffic_sentence() == sentence


def test_a_color_without_version_is_not_declared_and_runs_nothing() -> None:
    settings = loaded({"green": {"replicas": 3}})
    assert settings.declared_colors() == (Color.BLUE,)
    assert settings.replicas(Color.GREEN, "backend") == 0
    with pytest.raises(ValueError, match="green has no version"):
        settings.image(Color.GREEN, "backend")


def test_an_image_is_named_by_tag_or_digest() -> None:
    settings = loaded({"green.version": DIGEST})
    assert settings.image(Color.BLUE, "backend") == "legal-ai-backend:v1.0.0"
    assert settings.image(Color.GREEN, "frontend") == f"legal-ai-frontend@{DIGEST}"


def test_replicas_are_one_number_or_one_for_each_service() -> None:
    settings = loaded({"green.replicas": {"backend": 3, "frontend": "2"}})
    assert settings.replicas(Color.BLUE, "frontend") == 2
    assert settings.replicas(Color.GREEN, "backend") == 3
    assert settings.replicas(Color.GREEN, "frontend") == 2


def test_the_pod_limit_lets_a_rollback_scale_the_small_color_up() -> None:
    as_large = loaded({"blue.replicas": 5, "green.replicas": 5}).pod_limit()
    assert loaded({"blue.replicas": 5, "green.replicas": 0}).pod_limit() == as_large


@pytest.mark.parametrize(
    ("typed", "meant"), [(12, "12"), ("1.20", "1.20"), ("007", "007"), ("12e4", "12e4")]
)
def test_a_version_that_the_cli_took_for_a_number_is_taken_back(typed: object, meant: str) -> None:
    assert loaded({"green.version": typed}).version(Color.GREEN) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [(1, "1"), (True, "true"), (False, "false"), ("True", "True")]
)
def test_environment_variables_are_what_was_typed(typed: object, meant: str) -> None:
    env = loaded({"services.backend.env.FLAG": typed}).services["backend"].env
    assert env == {"FLAG": meant}


@pytest.mark.parametrize("typed", [5, "5", 5.0, " 5 "])
def test_whole_numbers_come_in_many_forms(typed: object) -> None:
    assert (
        loaded({"services.backend.preStopSeconds": typed}).services["backend"].pre_stop_seconds == 5
    )


@pytest.mark.parametrize("typed", [True, "true"])
def test_switches_come_in_two_forms(typed: object) -> None:
    assert loaded({"gate.metrics": typed}).gate.metrics is True


def test_objects_are_laid_over_the_defaults_key_by_key() -> None:
    backend = loaded({"services": {"backend": {"port": 9000}}}).services["backend"]
    assert (backend.port, backend.paths) == (9000, ("/api", "/health"))
    threshold = loaded({"alerts.errorRatePercent.alert": 2}).alerts.error_rate_percent
    assert (threshold.normal, threshold.alert) == (0.1, 2)


def test_a_list_replaces_its_default() -> None:
    changed = loaded({"services.backend.paths": ["/api", "/health", "/docs"]})
    assert changed.services["backend"].paths == ("/api", "/health", "/docs")


def test_a_service_of_ones_own_needs_an_image_and_paths_only() -> None:
    settings = loaded({"services.search": {"image": "search", "paths": ["/search"]}})
    assert list(settings.web_services()) == ["backend", "frontend", "search"]
    assert settings.image(Color.BLUE, "search") == "search:v1.0.0"


def test_workers_and_jobs_are_no_web_services() -> None:
    settings = loaded(
        {
            "services.mail": {"image": "backend", "kind": "worker"},
            "services.digest": {"image": "backend", "kind": "cron", "schedule": "0 6 * * 1-5"},
        }
    )
    assert list(settings.web_services()) == ["backend", "frontend"]


def test_thresholds_are_the_runbooks_unless_changed() -> None:
    alerts = loaded().alerts
    assert (alerts.error_rate_percent.normal, alerts.error_rate_percent.alert) == (0.1, 1)
    assert (alerts.p95_milliseconds.normal, alerts.p95_milliseconds.alert) == (500, 2000)
    assert alerts.request_rate.normal_deviation_percent == 20
    assert alerts.request_rate.alert_percent_of_baseline == 200
    connections = alerts.database_connections_percent
    assert (connections.normal, connections.alert) == (80, 90)
    assert (alerts.memory_percent.normal, alerts.memory_percent.alert) == (70, 85)
    assert (alerts.cpu_percent.normal, alerts.cpu_percent.alert) == (60, 80)
    assert alerts.disk_free_percent == 20
    rollback = alerts.rollback
    assert (rollback.error_rate_percent, rollback.error_rate_for_minutes) == (1, 5)
    assert (rollback.p95_milliseconds, rollback.p95_for_minutes) == (5000, 10)


def test_production_is_protected_without_saying_so() -> None:
    settings = loaded(stack="production")
    assert settings.database.kind == "rds"
    assert settings.database.multi_az
    assert settings.database.replica
    assert settings.database.deletion_protection
    assert settings.backups.schedule == "hourly"
    assert settings.backups.point_in_time


def test_a_stack_of_another_name_says_its_environment() -> None:
    assert loaded({"environment": "staging"}, stack="review").environment == "staging"


def test_an_empty_environment_is_the_stacks_name() -> None:
    assert loaded({"environment": ""}, stack="staging").environment == "staging"


@pytest.mark.parametrize(
    ("scheme", "port", "url"),
    [
        ("http", 8080, "http://blue.legal-ai.test:8080"),
        ("http", 80, "http://blue.legal-ai.test"),
        ("https", 443, "https://blue.legal-ai.test"),
        ("https", GONE, "https://blue.legal-ai.test"),
    ],
)
def test_an_address_names_the_port_only_where_it_is_not_the_schemes_own(
    scheme: str, port: object, url: str
) -> None:
    hosts = loaded({"hosts.scheme": scheme, "hosts.port": port}).hosts
    assert hosts.url(hosts.preview_for(Color.BLUE)) == url


def test_pods_get_the_addresses_and_the_secrets() -> None:
    assert loaded().app_secrets() == {
        "DATABASE_URL": DATABASE_URL,
        "JWT_SECRET": JWT_SECRET,
        "REDIS_URL": REDIS_URL,
        "SMOKE_PASSWORD": SMOKE_PASSWORD,
    }


def test_an_rds_instance_brings_its_own_address() -> None:
    settings = loaded({"database": {"kind": "rds"}})
    assert "DATABASE_URL" not in settings.app_secrets()
    assert set(settings.store_ports()) == {5432, 16379}


def test_the_ports_of_database_and_redis_are_read_from_their_addresses() -> None:
    assert set(loaded().store_ports()) == {15432, 16379}


def test_secrets_are_not_shown_when_settings_are_printed() -> None:
    printed = f"{loaded()} {loaded()!r} {loaded().model_dump_json()}"
    for secret in ("database-password", "redis-password", JWT_SECRET, SMOKE_PASSWORD):
        assert secret not in printed


def test_other_namespaces_are_left_alone_but_the_cluster_is_read() -> None:
    other = {"kubernetes:context": "somewhere", "pulumi:tags": "{}", "legal:typo": "1"}
    assert loaded(other=other).kube_context == "somewhere"
    assert loaded().kube_context is None
    assert loaded(other={"aws:region": "eu-west-1"}).aws_region == "eu-west-1"


def test_settings_can_be_made_in_python_by_their_python_names() -> None:
    again = Settings(**{name: getattr(loaded(), name) for name in Settings.model_fields})
    assert again == loaded()
