"""A scratch server on this machine that replays archived WAL up to a moment, and then goes away."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ops.backups import local_server, programs, streams
from ops.backups.archive import Archive
from ops.backups.engine import Say
from ops.backups.manifest import BaseManifest
from ops.backups.shelf import Shelf
from ops.database import Address, connect, one
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.times import rfc3339

POLL_SECONDS: Final = 0.1
_LIMITS: Final = {
    "max_connections": "max_connections setting",
    "max_worker_processes": "max_worker_processes setting",
    "max_wal_senders": "max_wal_senders setting",
    "max_prepared_transactions": "max_prepared_xacts setting",
    "max_locks_per_transaction": "max_locks_per_xact setting",
}
"""Settings that replay needs as large as they were, and pg_controldata's names for them."""
_RESTORED: Final = b"restored log file"
_TELLING: Final = ("LOG:  ", "FATAL", "ERROR")
_TOO_SHORT: Final = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True)
class Plan:
    """What to replay: a base, the segments behind it, and up to when; None: to the very end.

    `last` is the time of the last commit that the segments are known to have.
    """

    base: BaseManifest
    segments: list[str]
    until: datetime | None
    last: datetime


@contextmanager
def server(shelf: Shelf[BaseManifest], wal: Archive, plan: Plan, say: Say) -> Iterator[Address]:
    """A server with everything as it was at the plan's moment; gone when the block ends.

    Yields its address, as a superuser over a socket that only we can open.
    """
    local_server.sweep(say)
    program = programs.find("postgres", plan.base.major, exact=True)
    with local_server.folder() as root:
        local_server.require_room(root, plan.base.cluster_bytes)
        _unpack(shelf, plan.base, root / "data", say)
        source = _segments(wal, plan, root, say)
        _configure(root, plan, source, program.path.parent)
        with local_server.started(root, program.path, _options(root)) as process:
            yield _wait(process, root, plan, say)


def _unpack(shelf: Shelf[BaseManifest], base: BaseManifest, data: Path, say: Say) -> None:
    """Unpack a base into `data`, and see that it is what was stored."""
    data.mkdir(mode=0o700)
    local_server.give(data)
    digest = streams.Digest()
    argv = local_server.as_user(["tar", "--extract", "--gzip", "--file=-", f"--directory={data}"])
    progress = streams.Progress(say, f"base backup {base.id} unpacked", base.size_bytes)
    with (
        shelf.reader(base.id) as source,
        programs.running(argv, os.environ, feed=True) as tar,
    ):
        streams.pump(source, [digest, tar.input], progress)
        tar.finish(Refused)
    if digest.text != base.sha256:
        raise Refused(
            f"the base backup {base.id} in {shelf.store.place} is damaged: its SHA-256 is "
            f"{digest.text}, and was {base.sha256}. Choose a moment after a later base backup"
        )
    for name in ("postgresql.auto.conf", "standby.signal", "postmaster.pid"):
        (data / name).unlink(missing_ok=True)


def _segments(wal: Archive, plan: Plan, root: Path, say: Say) -> Path:
    """Where the server finds the segments: the archive itself if it may read there, else a copy."""
    if wal.store.folder is not None:
        probe = wal.store.folder / plan.segments[-1]
        if subprocess.run(local_server.as_user(["test", "-r", probe]), check=False).returncode == 0:
            return wal.store.folder
    local_server.require_room(root, len(plan.segments) * plan.base.segment_bytes)
    folder = root / "wal"
    folder.mkdir(mode=0o755)
    say(f"fetching {len(plan.segments)} WAL segments from {wal.store.place}")
    wal.stage([*wal.histories(), *plan.segments], folder)
    for path in (folder, *folder.iterdir()):
        local_server.give(path)
    return folder


def _configure(root: Path, plan: Plan, source: Path, programs_folder: Path) -> None:
    """Our own settings, and none of the source's: it must archive and listen nowhere."""
    told = subprocess.run(
        [programs_folder / "pg_controldata", root / "data"],
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    settings = {
        "listen_addresses": "",
        "port": str(local_server.PORT),
        "unix_socket_directories": str(root),
        "unix_socket_permissions": "0700",
        "archive_mode": "off",
        "hot_standby": "off",
        "autovacuum": "off",
        "fsync": "off",
        "ssl": "off",
        "shared_preload_libraries": plan.base.preload,
        "restore_command": f'cp {shlex.quote(str(source)).replace("%", "%%")}/%f "%p"',
        "recovery_target_timeline": "latest",
        "recovery_target_action": "promote",
    }
    if plan.until is not None:
        settings["recovery_target_time"] = plan.until.astimezone(UTC).isoformat(" ")
    for setting, name in _LIMITS.items():
        found = re.search(rf"^{name}:\s+(\d+)$", told, re.MULTILINE)
        if found:
            settings[setting] = found[1]
    lines = [f"{key} = '{_quoted(value)}'" for key, value in settings.items()]
    (root / "postgresql.conf").write_text("\n".join(lines) + "\n")
    (root / "pg_hba.conf").write_text("local all all trust\n")
    (root / "pg_ident.conf").write_text("")
    (root / "data" / "recovery.signal").touch()


def _options(root: Path) -> list[str]:
    files = {"config_file": "postgresql.conf", "hba_file": "pg_hba.conf"}
    files |= {"ident_file": "pg_ident.conf"}
    return [part for key, name in files.items() for part in ("-c", f"{key}={root / name}")]


def _wait(process: subprocess.Popen[bytes], root: Path, plan: Plan, say: Say) -> Address:
    """Wait until all is replayed and it takes connections. Raises what its log says if it ends."""
    until = "the end" if plan.until is None else rfc3339(plan.until)
    say(f"replaying WAL behind base backup {plan.base.id}, up to {until}")
    address = Address(str(root), local_server.PORT, plan.base.superuser, "postgres")
    total = len(plan.segments) * plan.base.segment_bytes
    replayed = streams.Progress(say, "WAL replayed", total)
    while process.poll() is None:
        try:
            with connect(address) as connection:
                reached = one(connection, "SELECT pg_last_xact_replay_timestamp()")
        except CouldNotFindOut:  # it refuses everybody until the end of the replay
            replayed.at(_replayed(root, plan))
            time.sleep(POLL_SECONDS)
            continue
        if plan.until is None and (reached is None or reached < plan.last):
            raise Refused(
                f"the replay ended at {reached and rfc3339(reached)}, and the archive reaches "
                f"{rfc3339(plan.last)}: a WAL segment between them is damaged"
            )
        return address
    raise _told(root, plan)


def _replayed(root: Path, plan: Plan) -> int:
    """Bytes of WAL so far, by the server's log."""
    return (root / "log").read_bytes().count(_RESTORED) * plan.base.segment_bytes


def _told(root: Path, plan: Plan) -> OpsError:
    """What the log of a server that ended says, as an error."""
    log = (root / "log").read_text(errors="replace")
    lines = [line for line in log.splitlines() if any(word in line for word in _TELLING)]
    last = "\n".join(f"    {line}" for line in lines[-5:] or log.splitlines()[-5:])
    if _TOO_SHORT in log and plan.until is not None:
        return Refused(
            f"the archived WAL does not reach {rfc3339(plan.until)} from the base backup "
            f"{plan.base.id}: a segment is missing or damaged\n{last}"
        )
    return Refused(f"the scratch server could not replay the archived WAL:\n{last}")


def _quoted(value: str) -> str:
    return value.replace("'", "''")
