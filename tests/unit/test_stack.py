"""The stack by its command-line program: a fake `pulumi` that says what it was asked."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops import child
from ops.errors import (
    GATE_UNKNOWN,
    CouldNotFindOut,
    NoAccess,
    OpsError,
    Refused,
    UsageError,
)
from ops.operations import DatabaseFacts, Operations, parse
from ops.stack import Stack

FAKE = """#!/bin/sh
printf '%s\\n' "$*" >> "$FAKE_LOG"
case "$1 $2" in
  "stack output") cat "$FAKE_ANSWER" ;;
  "config --json") cat "$FAKE_ANSWER" ;;
  "config set") cat > "$FAKE_STDIN" ;;
  "cancel --yes") rm "$FAKE_LOCK" ;;
  "up --yes")
    if [ -e "$FAKE_LOCK" ]; then cat "$FAKE_LOCK"; exit 255; fi
    [ -z "$FAKE_SAYS" ] || echo "$FAKE_SAYS"
    echo "one line"; echo "another"
    [ -z "$FAKE_HANGS" ] || sleep 60
    exit "${FAKE_CODE:-0}" ;;
esac
exit "${FAKE_CODE:-0}"
"""


class Fake:
    """What the fake `pulumi` was asked, and what it answers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = folder / "pulumi"
        program.write_text(FAKE)
        program.chmod(0o755)
        self.log, self.answer, self.stdin = folder / "log", folder / "answer", folder / "stdin"
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("FAKE_LOG", str(self.log))
        monkeypatch.setenv("FAKE_ANSWER", str(self.answer))
        self.lock = folder / "lock"
        monkeypatch.setenv("FAKE_LOCK", str(self.lock))
        monkeypatch.setenv("FAKE_STDIN", str(self.stdin))
        self.stack = Stack("staging", folder)

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(tmp_path, monkeypatch)


def test_a_secret_reaches_the_config_by_a_pipe_and_never_by_arguments(fake: Fake) -> None:
    fake.stack.set({"database.current": "g2"}, {"database.url": "postgresql://u:hidden@h/d"})
    assert fake.stdin.read_text() == "postgresql://u:hidden@h/d"
    assert "hidden" not in fake.log.read_text()
    assert fake.asked[0].startswith(
        "config set-all --path --plaintext legal-ai:database.current=g2 --stack staging"
    )


def test_a_failed_up_is_refused_with_its_last_lines(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_CODE", "255")
    seen: list[str] = []
    with pytest.raises(Refused, match=r"(?s)exit code 255.*another"):
        fake.stack.up(seen.append)
    assert seen == ["one line", "another"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f'    error: before hook "gate-x" failed: {GATE_UNKNOWN}: no answer', CouldNotFindOut),
        ("    error: configured Kubernetes cluster is unreachable: EOF", CouldNotFindOut),
        ("error: failed to load checkpoint: blob (code=Unknown): expired", CouldNotFindOut),
        ("error: could not read the key: incorrect passphrase", NoAccess),
        ("    error: worker-blue: [403] from its registry, (code=7)", Refused),
    ],
)
def test_an_up_that_failed_for_want_of_an_answer_is_no_refusal(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, line: str, kind: type[OpsError]
) -> None:
    monkeypatch.setenv("FAKE_CODE", "255")
    # Pulumi's summary comes after it, and may be longer than what a message repeats.
    monkeypatch.setenv("FAKE_SAYS", "\n".join([line, *(f"{n} unchanged" for n in range(50))]))
    seen: list[str] = []
    with pytest.raises(kind, match="exit code 255") as raised:
        fake.stack.up(seen.append)
    assert (type(raised.value), seen[0]) == (kind, line)


def test_an_up_that_hangs_is_ended_and_that_is_no_answer(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_HANGS", "1")
    monkeypatch.setattr(child, "PATIENCE_SECONDS", (5.0,))
    with pytest.raises(CouldNotFindOut, match=r"(?s)did not end within.*one line.*--clear-lock"):
        fake.stack.up(lambda _: None, seconds=1.0)


@pytest.mark.parametrize("clear_lock", [False, True])
def test_the_lock_of_a_run_that_was_killed_here_is_cleared_only_where_somebody_asked(
    fake: Fake, clear_lock: bool
) -> None:
    fake.lock.write_text(locked_by(socket.gethostname(), dead_pid()))
    stack = replace(fake.stack, clear_lock=clear_lock)
    seen: list[str] = []
    if clear_lock:
        stack.up(seen.append)
        assert [line.split()[0] for line in fake.asked] == ["up", "cancel", "up"]
        assert "clearing the lock" in "\n".join(seen)
        return
    with pytest.raises(CouldNotFindOut) as told:
        stack.up(seen.append)
    assert fake.lock.exists()
    for words in ("certainly dead", "--clear-lock", "`pulumi cancel --yes --stack staging`"):
        assert words in str(told.value)


def test_the_lock_of_a_run_that_lives_stays_whoever_asks(
    fake: Fake, pulumi_at_work: subprocess.Popen[bytes]
) -> None:
    fake.lock.write_text(locked_by(socket.gethostname(), pulumi_at_work.pid))
    with pytest.raises(CouldNotFindOut, match=r"alive.*Wait for its end"):
        replace(fake.stack, clear_lock=True).up(lambda _: None)
    assert fake.lock.exists()


def test_the_lock_of_a_run_on_another_machine_is_left_to_people(fake: Fake) -> None:
    fake.lock.write_text(locked_by("another-machine", dead_pid()))
    with pytest.raises(CouldNotFindOut, match=r"pid \d+ on another-machine.*pulumi cancel --yes"):
        replace(fake.stack, clear_lock=True).up(lambda _: None)
    assert fake.lock.exists()


def test_one_owner_that_may_live_is_enough_to_keep_the_lock(fake: Fake) -> None:
    here = locked_by(socket.gethostname(), dead_pid())
    fake.lock.write_text(here + locked_by("another-machine", 1))
    with pytest.raises(CouldNotFindOut, match="can't be seen from this machine"):
        replace(fake.stack, clear_lock=True).up(lambda _: None)
    assert fake.lock.exists()


def test_a_lock_whose_owner_pulumis_service_does_not_name_is_left_to_people(fake: Fake) -> None:
    fake.lock.write_text("error: [409] Conflict: Another update is currently in progress.\n")
    with pytest.raises(CouldNotFindOut, match="whom the backend does not name"):
        replace(fake.stack, clear_lock=True).up(lambda _: None)
    assert fake.lock.exists()


def locked_by(host: str, pid: int) -> str:
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) "
        f"to end or delete the lock file with `pulumi cancel`.\n  file:///x.json: created by "
        f"root@{host} (pid {pid}) at 2026-01-01T00:00:00Z\n"
    )


def dead_pid() -> int:
    gone = subprocess.Popen(["true"])
    gone.wait()
    return gone.pid


@pytest.fixture
def pulumi_at_work(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called pulumi."""
    (tmp_path / "live").mkdir()
    program = tmp_path / "live" / "pulumi"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as live:
        yield live
        live.kill()


def test_a_read_that_fails_is_no_answer(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answer.write_text("{}")
    monkeypatch.setenv("FAKE_CODE", "1")
    with pytest.raises(CouldNotFindOut, match="stack output"):
        fake.stack.outputs()


def test_without_pulumi_on_the_path_the_message_says_what_to_do(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="not on PATH"):
        fake.stack.outputs()


def test_objects_and_plain_values_of_the_config_are_told_apart(fake: Fake) -> None:
    fake.answer.write_text(
        json.dumps(
            {
                "legal-ai:activeColor": {"value": "blue", "secret": False},
                "legal-ai:blue": {"value": '{"replicas":1}', "objectValue": {"replicas": 1}},
            }
        )
    )
    assert fake.stack.config() == {
        "legal-ai:activeColor": "blue",
        "legal-ai:blue": {"replicas": 1},
    }


def test_the_named_stack_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_STACK", "local")
    assert Stack.chosen("organization/legal-ai/staging").short_name == "staging"
    assert Stack.chosen().name == "local"


FACTS = {
    "environment": "local",
    "namespace": "legal-ai",
    "kubeContext": None,
    "activeColor": "blue",
    "weights": {"blue": 100, "green": 0},
    "versions": {"blue": "v1.0.0"},
    "images": {"blue": "legal-ai-backend:v1.0.0"},
    "publicUrl": "http://legal-ai.localhost:8080",
    "previewUrls": {"blue": "http://blue.legal-ai.localhost:8080"},
    "redisUrl": "redis://localhost/0",
    "database": {
        "kind": "rds",
        "engine": "rds",
        "url": "postgresql+psycopg://u:p@h/d",
        "adminUrl": "postgresql+psycopg://a:p@h/d",
        "current": "g1",
        "generations": [{"name": "g1", "instance": "legal-ai-local-g1", "adminSecret": "arn"}],
    },
    "backups": {
        "schedule": "daily",
        "pointInTime": False,
        "retentionDays": 14,
        "maxAgeMinutes": 1560,
        "verifiedWithinDays": 7,
    },
    "migrations": {
        "enabled": True,
        "service": "backend",
        "command": ["alembic", "upgrade", "head"],
        "timeoutSeconds": 600,
    },
}


def test_what_was_deployed_is_read_as_types() -> None:
    read = parse({"operations": FACTS}, "local")
    assert isinstance(read, Operations)
    assert read.database.generations[0].instance == "legal-ai-local-g1"


def test_a_stack_that_was_never_deployed_says_to_deploy_it_first() -> None:
    with pytest.raises(CouldNotFindOut, match="pulumi up"):
        parse({}, "local")


def test_facts_of_another_version_are_refused_without_showing_their_secrets() -> None:
    broken = FACTS | {"database": {"kind": "rds", "engine": "mysql", "url": "u:hidden@h"}}
    with pytest.raises(CouldNotFindOut, match=r"database\.engine") as raised:
        parse({"operations": broken}, "local")
    assert "hidden" not in str(raised.value)


def test_the_administrator_works_on_the_applications_database_wherever_his_address_leads() -> None:
    database = DatabaseFacts(
        kind="external",
        engine="postgres",
        url="postgresql+psycopg://app:a@db:5432/legal_ai",
        admin_url="postgresql+psycopg://admin:b@direct:5433/postgres",
    )
    found = database.administrator
    assert (found.user, found.host, found.database) == ("admin", "direct", "legal_ai")
