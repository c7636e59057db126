"""The AWS stand-in under the real `pulumi`: made, unchanged, refreshed, changed, destroyed.

Against an AWS API of its own and a file backend in a folder; source .local/env first.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.aws_api import ROOT, AwsApi

COMMAND_LIMIT = 120
PASSWORD = "correct horse battery"
PROGRAM = """
    import json

    import pulumi
    import pulumi_aws as aws

    config, tags = pulumi.Config(), {"legal-ai:stack": "test"}
    key = aws.kms.Key("key", enable_key_rotation=True, tags=tags)
    secret = aws.secretsmanager.Secret("secret", kms_key_id=key.arn, tags=tags)
    value = aws.secretsmanager.SecretVersion(
        "value", secret_id=secret.arn, secret_string=config.require_secret("password")
    )
    database = aws.rds.Instance(
        "database",
        identifier="legal-ai-test-main",
        engine="postgres",
        engine_version="15",
        instance_class=config.get("class") or "db.t4g.medium",
        allocated_storage=20,
        username=config.get("username") or "admin",
        password=value.secret_string,
        storage_encrypted=True,
        kms_key_id=key.arn,
        skip_final_snapshot=True,
        backup_retention_period=7,
        tags=tags,
        opts=pulumi.ResourceOptions(
            protect=config.get_bool("protect"), ignore_changes=["backupRetentionPeriod"]
        ),
    )
    vault = aws.backup.Vault("vault", name="legal-ai-test", kms_key_arn=key.arn, tags=tags)
    far = aws.backup.Vault("far", name="legal-ai-test", region="us-west-2", tags=tags)
    plan = aws.backup.Plan(
        "plan",
        rules=[
            {
                "rule_name": "hourly",
                "target_vault_name": vault.name,
                "schedule": "cron(0 * * * ? *)",
                "lifecycle": {"delete_after": 2},
                "copy_actions": [{"destination_vault_arn": far.arn}],
            }
        ],
        tags=tags,
    )
    may = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    may["Principal"] = {"Service": "backup.amazonaws.com"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    role = aws.iam.Role("role", assume_role_policy=policy, tags=tags)
    aws.backup.Selection(
        "selection", name="hourly", plan_id=plan.id, iam_role_arn=role.arn, resources=[database.arn]
    )
    pulumi.export("address", database.address)
    pulumi.export("vault", far.arn)
    """

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


class Project:
    """One program and one stack in a folder."""

    def __init__(self, folder: Path, api: AwsApi) -> None:
        self.folder = folder
        launcher = folder / "bin" / "pulumi-resource-aws"
        launcher.parent.mkdir()
        provider = ROOT / "local" / "plugins" / "aws_provider.py"
        launcher.write_text(f'#!/bin/sh\nexec {sys.executable} {provider} "$@"\n')
        launcher.chmod(0o755)
        (folder / "state").mkdir()
        (folder / "Pulumi.yaml").write_text("name: stand-in\nruntime:\n  name: python\n")
        (folder / "__main__.py").write_text(textwrap.dedent(PROGRAM))
        self.environment = os.environ | api.environment | {
            "PATH": f"{launcher.parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "integration",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_STACK": "test",
            "NO_COLOR": "1",
        }  # fmt: skip
        self.run("stack", "init", "test")
        self.run("config", "set", "--secret", "password", PASSWORD)

    def run(self, *args: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", "--non-interactive", *args],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, printed
        assert PASSWORD not in printed
        return printed

    def up(self, *args: str, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", *args, fails=fails)

    def resources(self) -> dict[str, dict[str, Any]]:
        text = self.run("stack", "export")
        assert PASSWORD not in text
        listed = json.loads(text)["deployment"].get("resources", [])
        return {one["urn"].rsplit("::", 1)[-1]: one for one in listed}


def ids(resources: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: one["id"] for name, one in resources.items() if "id" in one}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AwsApi]:
    folder = tmp_path / "aws"
    folder.mkdir()
    server = AwsApi(folder)
    server.start()
    yield server
    server.stop()


def test_a_stack_is_made_found_unchanged_refreshed_after_a_stop_changed_and_destroyed(
    api: AwsApi, tmp_path: Path
) -> None:
    if not shutil.which("pulumi"):
        pytest.fail("pulumi is needed: make up, then source .local/env")
    folder = tmp_path / "program"
    folder.mkdir()
    project = Project(folder, api)
    rds = api.client("rds")

    project.run("config", "set", "protect", "true")
    project.up()
    made = project.resources()
    assert made["database"]["id"].startswith("db-")
    assert "us-west-2" in made["far"]["outputs"]["arn"]
    assert made["plan"]["inputs"]["name"].startswith("plan-")

    project.up("--expect-no-changes")
    api.restart()
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert ids(project.resources()) == ids(made)

    # What AWS Backup changes by itself is neither a change nor undone by one.
    rds.modify_db_instance(DBInstanceIdentifier="legal-ai-test-main", BackupRetentionPeriod=35)
    project.run("config", "set", "class", "db.r6g.large")
    project.up("--refresh")
    found = rds.describe_db_instances(DBInstanceIdentifier="legal-ai-test-main")["DBInstances"][0]
    assert (found["DBInstanceClass"], found["BackupRetentionPeriod"]) == ("db.r6g.large", 35)

    project.run("config", "set", "username", "other")
    assert "protect" in project.up(fails=True)
    project.run("config", "rm", "username")
    project.run("config", "set", "protect", "false")
    project.up()
    project.run("destroy", "--yes", "--skip-preview")
    assert rds.describe_db_instances()["DBInstances"] == []


def test_what_a_killed_update_made_and_forgot_is_taken_over(api: AwsApi, tmp_path: Path) -> None:
    if not shutil.which("pulumi"):
        pytest.fail("pulumi is needed: make up, then source .local/env")
    folder = tmp_path / "program"
    folder.mkdir()
    project = Project(folder, api)
    project.up()
    whole = project.resources()
    # A kill between AWS's answer and the state: the instance is there, the state has none.
    state = json.loads(project.run("stack", "export"))
    forgotten = ("database", "selection")
    state["deployment"]["resources"] = [
        one
        for one in state["deployment"]["resources"]
        if not one["urn"].endswith(tuple(f"::{name}" for name in forgotten))
    ]
    (folder / "state.json").write_text(json.dumps(state))
    project.run("stack", "import", "--force", "--file", "state.json")
    printed = project.up()
    assert "taken over" in printed
    assert ids(project.resources()) == ids(whole)
    project.up("--expect-no-changes")
