"""The repository's own configuration: its three stack files, `Pulumi.yaml`, and its docs page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import config as runtime_config

from components.settings import Settings, SettingsError, load, load_from_pulumi, schema
from components.settings.defaults import SERVICES
from components.settings.reference import tables
from ops.color import Color
from tests.unit.configs import (
    AGENT_TOKEN,
    DATABASE_URL,
    JWT_SECRET,
    PLACE,
    REDIS_URL,
    SMOKE_PASSWORD,
    configured,
)

ROOT = Path(__file__).parents[2]
SECRETS = {
    "database.url": DATABASE_URL,
    "redis.url": REDIS_URL,
    "secrets.JWT_SECRET": JWT_SECRET,
    "secrets.SMOKE_PASSWORD": SMOKE_PASSWORD,
    "agent.token": AGENT_TOKEN,
}
# Where stack `local` has its PostgreSQL, and the role that restores it.
OF_LOCAL = {"database.adminUrl": DATABASE_URL}
ENCRYPTED = {f"legal-ai:{key}" for key in ("agent", "database", "redis", "secrets")}


def stack_file(stack: str) -> dict[str, Any]:
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    assert isinstance(document, dict)
    return document


def config_of(stack: str, *secrets: str) -> dict[str, str]:
    """A stack file's configuration as the engine hands it over, with secrets in clear.

    With secrets there is also what no stack file says, the place of the database.
    """
    config: dict[str, Any] = dict(stack_file(stack)["config"])
    if secrets and stack != "local":
        config["legal-ai:database"] = {**config["legal-ai:database"], **PLACE}
    for path in secrets:
        section, name = path.split(".")
        config[f"legal-ai:{section}"] = {
            **config.get(f"legal-ai:{section}", {}),
            name: (SECRETS | OF_LOCAL)[path],
        }
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }


def test_local_runs_both_versions_on_this_machine() -> None:
    settings = load(
        "local", config_of("local", *SECRETS, *OF_LOCAL), ENCRYPTED, stack_file("local")
    )
    assert settings.hosts.url(settings.hosts.public) == "http://legal-ai.localhost:8080"
    assert settings.hosts.preview_for(Color.GREEN) == "green.legal-ai.localhost"
    assert settings.image(Color.BLUE, "backend") == "localhost/legal-ai-backend:v1.0.0"
    assert settings.image(Color.GREEN, "frontend") == "localhost/legal-ai-frontend:v1.1.0"
    assert {settings.replicas(color, name) for color in Color for name in settings.services} == {1}
    assert settings.services["backend"].env == {"FAULTS_ENABLED": "1"}
    assert settings.weights() == {Color.BLUE: 100, Color.GREEN: 0}
    assert settings.kube_context == "legal-ai-local"


def test_every_secret_of_local_is_encrypted() -> None:
    document = stack_file("local")
    assert document["encryptionsalt"].startswith("v1:")
    for path in SECRETS:
        section, name = path.split(".")
        assert list(document["config"][f"legal-ai:{section}"][name]) == ["secure"]


def test_staging_has_one_database_and_daily_backups() -> None:
    secrets = [path for path in SECRETS if path != "database.url"]
    settings = load("staging", config_of("staging", *secrets), ENCRYPTED, stack_file("staging"))
    assert settings.hosts.url(settings.hosts.public) == "https://staging.legal-ai-system.com"
    assert settings.hosts.preview_for(Color.BLUE) == "blue.staging.internal.legal-ai-system.com"
    assert settings.database.kind == "rds"
    assert (settings.database.multi_az, settings.database.replica) == (False, False)
    assert settings.backups.schedule == "daily"
    assert settings.namespace == "staging"


def test_production_is_what_the_runbook_has() -> None:
    secrets = [path for path in SECRETS if path != "database.url"]
    settings = load(
        "production", config_of("production", *secrets), ENCRYPTED, stack_file("production")
    )
    assert settings.hosts.url(settings.hosts.public) == "https://legal-ai-system.com"
    assert settings.hosts.preview_for(Color.GREEN) == "green.internal.legal-ai-system.com"
    assert settings.replicas(Color.BLUE, "backend") == 3
    assert settings.database.kind == "rds"
    assert settings.database.multi_az
    assert settings.database.replica
    assert settings.database.deletion_protection
    assert (settings.backups.schedule, settings.backups.retention_days) == ("hourly", 35)
    assert settings.backups.point_in_time
    assert settings.backups.copy_to_region == "us-west-2"
    assert settings.namespace == "production"


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_without_its_secrets_and_its_network_a_stack_names_the_commands_that_set_them(
    stack: str,
) -> None:
    with pytest.raises(SettingsError) as error:
        load(stack, config_of(stack), (), stack_file(stack))
    assert [problem.fix for problem in error.value.problems] == [
        "pulumi config set --secret --path legal-ai:redis.url",
        "pulumi config set --secret --path legal-ai:secrets.JWT_SECRET",
        "pulumi config set --secret --path legal-ai:secrets.SMOKE_PASSWORD",
        "pulumi config set --path legal-ai:database.vpcId vpc-0a1b2c3d4e5f60718",
        "pulumi config set --path 'legal-ai:database.subnetIds[0]' subnet-0a1b2c3d4e5f60718",
        "pulumi config set --path 'legal-ai:database.subnetIds[1]' subnet-18071f6e5d4c3b2a1",
        "pulumi config set --path 'legal-ai:database.clusterSecurityGroupIds[0]' "
        "sg-0a1b2c3d4e5f60718",
        "openssl rand -hex 32 | pulumi config set --secret --path legal-ai:agent.token",
    ]
    assert "secure" not in (ROOT / f"Pulumi.{stack}.yaml").read_text()
    assert stack_file(stack)["secretsprovider"].startswith(f"awskms://alias/legal-ai-{stack}")


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_first_deployment_to_the_standby_color_is_one_command(stack: str) -> None:
    secrets = [path for path in SECRETS if path != "database.url"]
    config = config_of(stack, *secrets)
    green = json.loads(config["legal-ai:green"])
    config["legal-ai:green"] = json.dumps({**green, "version": "v1.2.0"})
    assert load(stack, config, ENCRYPTED).version(Color.GREEN) == "v1.2.0"


def test_pulumi_yaml_declares_every_key_with_a_description() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert set(declared) == {f"legal-ai:{name}" for name in schema.fields(Settings)}
    assert all(key["description"] for key in declared.values())


def test_pulumi_yaml_has_defaults_for_short_keys_only_and_the_same_ones() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    for name, field in schema.fields(Settings).items():
        key = declared[f"legal-ai:{name}"]
        if key["type"] == "object":
            # A stack's object replaces this one and doesn't add to it.
            assert key["default"] == {}
        elif name != "environment":
            assert key["default"] == field.default


def test_the_docs_have_every_key_as_the_models_have_it() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    table = page.partition("<!-- keys -->\n")[2].partition("<!-- /keys -->")[0]
    assert table == tables(), "run `python -m components.settings.reference` and paste its output"


def test_the_docs_have_the_default_services_as_they_are() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    for name in ("image", "healthPath", "readyPath"):
        row = " | ".join(f"`{SERVICES[service][name]}`" for service in SERVICES)
        assert f"| {name} | {row} |" in page
    ports = " | ".join(str(SERVICES[service]["port"]) for service in SERVICES)
    assert f"| port | {ports} |" in page


@pytest.fixture
def stack_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setattr(pulumi, "get_stack", lambda: "local")
    monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: str(tmp_path))
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(configured()))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(sorted(ENCRYPTED)))
    # Other tests' programs leave theirs behind.
    runtime_config.set_all_config({}, [])
    yield tmp_path
    runtime_config.set_all_config({}, [])


@pytest.mark.usefixtures("stack_local")
def test_a_program_reads_what_the_language_host_gives_it() -> None:
    assert load_from_pulumi().version(Color.GREEN) == "v1.1.0"


@pytest.mark.usefixtures("stack_local")
def test_a_program_reads_what_the_automation_api_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG")
    monkeypatch.delenv("PULUMI_CONFIG_SECRET_KEYS")
    runtime_config.set_all_config(configured({"green.version": "v2"}), sorted(ENCRYPTED))
    assert load_from_pulumi().version(Color.GREEN) == "v2"


def test_a_program_finds_plain_secrets_in_its_stack_file(stack_local: Path) -> None:
    document = {"config": {"legal-ai:secrets": {"SMOKE_PASSWORD": SMOKE_PASSWORD}}}
    (stack_local / "Pulumi.local.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError, match=r"legal-ai:secrets\.SMOKE_PASSWORD is a secret"):
        load_from_pulumi()
