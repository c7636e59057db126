"""Strangers at the real thing: an account without rights, and Pulumi's words for what is not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.errors import NoAccess
from ops.stack import Stack
from tests.integration.kubectl import kubectl
from tests.unit.scripts_table import IN_THE_CLUSTER, told
from tests.unit.stranger import Machine

Access = tuple[dict[str, Any], str]


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    """The cluster, and the token of an account without a role."""
    namespace = f"stranger-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", namespace)
    try:
        kubectl("create", "serviceaccount", "nobody", "--namespace", namespace)
        token = kubectl("create", "token", "nobody", "--namespace", namespace).strip()
        config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
        yield config["clusters"][0]["cluster"], token
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.mark.parametrize("command", IN_THE_CLUSTER)
def test_it_ends_with_2_and_says_which_right_the_account_lacks(
    command: str,
    access: Access,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    machine.let_in(*access)
    ended = machine.run(*told(command), capsys)
    assert (ended.code, ended.out) == (2, "")
    assert ":nobody" in ended.last
    assert "cannot" in ended.last


@pytest.mark.parametrize(
    ("stack", "name", "value"),
    [
        ("nonesuch", "NO_COLOR", "1"),
        ("no such", "NO_COLOR", "1"),
        ("local", "PULUMI_CONFIG_PASSPHRASE", "another"),
        ("local", "PULUMI_BACKEND_URL", "file:///nowhere"),
    ],
)
def test_pulumi_is_understood_when_it_knows_no_such_stack_key_or_backend(
    stack: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(NoAccess, match="PULUMI_BACKEND_URL"):
        Stack(stack).outputs()
