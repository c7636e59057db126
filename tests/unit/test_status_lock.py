"""Pulumi's lock, looked at without taking it: in a folder, at its service, or not at all."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from ops.backups.folder_store import FolderStore
from ops.errors import CouldNotFindOut
from ops.stack import Stack
from ops.status import lock

FAKE = """#!/bin/sh
case "$1" in
  whoami) printf '{"user": "me", "url": "%s"}' "$FAKE_URL" ;;
  stack) cat "$FAKE_STACKS" ;;
esac
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack of a fake `pulumi`, which is at its service and not being updated."""
    program = tmp_path / "pulumi"
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("FAKE_URL", "https://app.pulumi.com/me")
    monkeypatch.setenv("FAKE_STACKS", str(tmp_path / "stacks"))
    stacks([{"name": "me/staging"}], tmp_path)
    return Stack("staging", tmp_path)


def stacks(found: object, folder: Path) -> None:
    (folder / "stacks").write_text(json.dumps(found))


def locked(folder: Path, pid: int, host: str = "", stack: str = "staging") -> Path:
    """The file that `pulumi up` leaves while it is at work."""
    file = folder / f".pulumi/locks/organization/legal-ai/{stack}/{pid}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "pid": pid,
        "username": "me",
        "hostname": host or socket.gethostname(),
        "timestamp": "2026-01-01T12:00:00.5Z",
    }
    file.write_text(json.dumps(content))
    file.with_suffix(".json.attrs").write_text('{"user.content_type": "text/plain"}')
    return file


def dead() -> int:
    gone = subprocess.Popen(["true"])
    gone.wait()
    return gone.pid


def test_a_state_that_nobody_works_at_is_free(stack: Stack, tmp_path: Path) -> None:
    assert lock.of_store(FolderStore(tmp_path), "staging") is None
    locked(tmp_path, dead(), stack="production")
    assert lock.of_store(FolderStore(tmp_path), "staging") is None


def test_a_lock_of_a_process_that_is_gone_is_told_apart_from_one_elsewhere(tmp_path: Path) -> None:
    file = locked(tmp_path, dead())
    found = lock.of_store(FolderStore(tmp_path), "staging")
    assert found
    assert found.lock.is_left_behind
    assert "since 2026-01-01 12:00:00" in str(found)
    file.unlink()
    locked(tmp_path, dead(), host="elsewhere")
    found = lock.of_store(FolderStore(tmp_path), "staging")
    assert found
    assert not found.lock.is_left_behind
    assert "on elsewhere" in str(found)


def test_a_lock_that_goes_while_it_is_looked_at_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked(tmp_path, os.getpid())

    def gone(store: FolderStore, name: str) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(FolderStore, "read", gone)
    assert lock.of_store(FolderStore(tmp_path), "staging") is None


def test_a_lock_that_can_not_be_understood_is_not_free(tmp_path: Path) -> None:
    locked(tmp_path, 1).write_text("{}")
    with pytest.raises(CouldNotFindOut, match="can't be understood"):
        lock.of_store(FolderStore(tmp_path), "staging")


def test_the_variable_says_where_the_state_is_before_the_login_does(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}?no_tmp_dir=true")
    locked(tmp_path, dead())
    assert lock.read(stack)


def test_a_login_to_a_folder_is_looked_into(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_URL", f"file://{tmp_path}")
    assert lock.read(stack) is None
    locked(tmp_path, dead())
    assert lock.read(stack)


def test_pulumis_service_says_itself_whether_an_update_goes_on(
    stack: Stack, tmp_path: Path
) -> None:
    assert lock.read(stack) is None
    stacks([{"name": "other", "updateInProgress": True}, {"name": "me/staging"}], tmp_path)
    assert lock.read(stack) is None
    stacks([{"name": "me/staging", "updateInProgress": True}], tmp_path)
    assert "does not name" in str(lock.read(stack))


def test_a_stack_that_the_service_does_not_list_is_unknown(stack: Stack, tmp_path: Path) -> None:
    stacks([], tmp_path)
    with pytest.raises(CouldNotFindOut, match="knows no stack staging"):
        lock.read(stack)


def test_where_locks_can_not_be_looked_at_it_is_unknown(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "azblob://states")
    with pytest.raises(CouldNotFindOut, match="azblob://states"):
        lock.read(stack)
