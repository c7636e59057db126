"""The commands that refusals give, run with the real CLI: afterwards the problem is gone.

And the CLI's own part: the schema in `Pulumi.yaml`, and the secrets that stack `local` brings.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.settings import Settings, SettingsError, load
from tests.unit.configs import JWT_SECRET, REDIS_URL
from tests.unit.test_settings_refusals import MISTAKES

ROOT = Path(__file__).parents[2]
GOOD_SECRETS = {
    "secrets.JWT_SECRET": JWT_SECRET,
    "secrets.SMOKE_PASSWORD": "another-password",
    "redis.url": REDIS_URL,
}
MENDED = (
    "an unknown color",
    "a weight above 100",
    "an active color at zero",
    "a canary with nothing in standby",
    "a version that is a truth value",
    "a version with a fraction",
    "a version without replicas",
    "replicas that leave a service out",
    "an unknown key",
    "an unknown object",
    "an unknown key deep down",
    "an unknown service",
    "a preview host without color",
    "a path that two services have",
    "a path without slash",
    "nobody at /",
    "a cron service without schedule",
    "a pause as long as the grace period",
    "a network with host bits",
    "a threshold below what is normal",
    "no password for the smoke tests",
    "a JWT secret that is too short",
    "no address of Redis",
    "an instance with half a place",
    "an instance class of unknown size",
    "a database that is open to the internet",
    "pools that one more worker process makes too large",
    "a pool that is no number",
)


@dataclass
class Project:
    """A copy of the project with stack `local` in a backend of its own."""

    folder: Path
    env: dict[str, str]

    def run(self, command: str, given: str = "") -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.env,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout

    @property
    def stack_file(self) -> Path:
        return self.folder / "Pulumi.local.yaml"

    def load(self) -> Settings:
        config = json.loads(self.run("pulumi config --json --show-secrets"))
        return load(
            "local",
            {key: entry.get("value", "") for key, entry in config.items()},
            {key for key, entry in config.items() if entry["secret"]},
            yaml.safe_load(self.stack_file.read_text()),
        )


@pytest.fixture(scope="module")
def initialized(tmp_path_factory: pytest.TempPathFactory) -> Project:
    path = f"{ROOT / '.local/bin'}:{os.environ['PATH']}"
    if shutil.which("pulumi", path=path) is None:
        pytest.fail("no pulumi: `make up` builds one")
    folder = tmp_path_factory.mktemp("project")
    (folder / "state").mkdir()
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / name, folder / name)
    env = {
        "PATH": path,
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "legal-ai-local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    made = Project(folder, env)
    made.run("pulumi stack init local --non-interactive")
    return made


@pytest.fixture
def project(initialized: Project) -> Iterator[Project]:
    as_is = initialized.stack_file.read_text()
    yield initialized
    initialized.stack_file.write_text(as_is)


def test_a_fresh_clone_has_the_local_secrets_and_loads(project: Project) -> None:
    settings = project.load()
    assert settings.redis.url.get_secret_value() == "redis://10.200.0.1:16379/0"
    assert project.stack_file.read_text() == (ROOT / "Pulumi.local.yaml").read_text()


def test_a_configuration_command_keeps_the_comments_of_the_stack_file(project: Project) -> None:
    project.run("pulumi config set canaryWeight 10")
    assert "# Everything on this machine" in project.stack_file.read_text()


def test_one_command_sets_color_and_weight(project: Project) -> None:
    project.run("pulumi config set-all --plaintext activeColor=green --plaintext canaryWeight=10")
    settings = project.load()
    assert (settings.active_color, settings.canary_weight) == ("green", 10)


def test_a_number_for_all_services_replaces_a_number_for_each(project: Project) -> None:
    project.run(
        "pulumi config rm --path green.replicas;"
        "pulumi config set --path green.replicas.backend 2;"
        "pulumi config set --path green.replicas.frontend 1"
    )
    assert project.load().green.replicas == {"backend": 2, "frontend": 1}
    project.run("pulumi config set --path green.replicas 0")
    assert project.load().green.replicas == 0


@pytest.mark.long
@pytest.mark.parametrize("name", MENDED)
def test_the_command_of_a_refusal_mends_it(project: Project, name: str) -> None:
    mistake = MISTAKES[name]
    document = yaml.safe_load(project.stack_file.read_text())
    for path, value in mistake.change.items():
        section, *below = path.split(".")
        _change(document["config"], [f"legal-ai:{section}", *below], value)
    project.stack_file.write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError) as refusal:
        project.load()
    problem = next(each for each in refusal.value.problems if each.key == f"legal-ai:{mistake.key}")
    command, _, _ = problem.fix.partition(", or ")
    project.run(command, given=GOOD_SECRETS.get(mistake.key, ""))
    assert problem.key not in _keys_refused(project)


def _keys_refused(project: Project) -> set[str]:
    try:
        project.load()
    except SettingsError as error:
        return {problem.key for problem in error.problems}
    return set()


def _change(config: Any, path: list[str], value: Any) -> None:
    for name in path[:-1]:
        config = config.setdefault(name, {})
    if isinstance(value, str | int | float | list | dict):
        config[path[-1]] = value
    else:
        config.pop(path[-1], None)
