"""The agent's settings: the file that the program writes is the one that the agent reads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.agent import SETTINGS_VARIABLE, TOKEN_VARIABLE, AgentSettings, read_settings, read_token
from ops.errors import UsageError
from tests.unit.agent_world import SETTINGS

ROOT = Path(__file__).parents[2]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(SETTINGS.to_json())
    assert read_settings({SETTINGS_VARIABLE: str(path)}) == SETTINGS


def test_keys_of_a_newer_program_are_no_reason_not_to_start() -> None:
    newer = json.loads(SETTINGS.to_json()) | {"later": True}
    assert AgentSettings.from_json(json.dumps(newer)) == SETTINGS


def test_every_field_that_is_wrong_is_named_at_once() -> None:
    wrong = json.loads(SETTINGS.to_json()) | {"router": "traefik", "services": {}, "stack": ""}
    with pytest.raises(UsageError, match=r"(?s)stack.*router.*services"):
        AgentSettings.from_json(json.dumps(wrong))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_file_that_is_none_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="pulumi up"):
        AgentSettings.from_json(text)


def test_a_missing_file_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=str(tmp_path)):
        read_settings({SETTINGS_VARIABLE: str(tmp_path / "none.json")})


@pytest.mark.parametrize("token", ["", "short-secret"])
def test_without_a_good_token_the_agent_does_not_start_and_does_not_say_it(token: str) -> None:
    with pytest.raises(UsageError, match=r"legal-ai:agent\.token") as caught:
        read_token({TOKEN_VARIABLE: token})
    assert not token or token not in str(caught.value)


def test_the_image_has_all_that_the_agent_imports() -> None:
    """A module of another list would end the pod at its start, or at its first rollback."""
    listing = (
        "import sys, agent.__main__, ops.background_moves, ops.rollback.workers\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "lightkube" in imported
    forbidden = {"boto3", "pulumi", "psycopg", "rich", "typer", "redis", "playwright", "pytest"}
    assert not imported & (forbidden | {"components", "scripts", "local", "bench", "tests"})


def test_the_dockerfile_copies_what_the_list_installs_and_no_more() -> None:
    text = (ROOT / "agent" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE)
    assert copied == ["requirements-agent.txt", "ops", "agent"]
    assert 'CMD ["python3", "-m", "agent"]' in text
