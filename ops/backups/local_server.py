"""A PostgreSQL server in a scratch folder of this machine: whose it is, and how it goes away."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ops.backups.engine import Say
from ops.backups.owner import Owner
from ops.errors import Refused, UsageError

PREFIX: Final = "legal-ai-scratch-"
PORT: Final = 5432
"""Only part of the socket's name: the server listens on no network."""
USER: Final = "postgres"
SOCKET_BYTES: Final = 107
"""The longest path that a socket may have on Linux (unix(7): sun_path, without its end)."""


@contextmanager
def folder() -> Iterator[Path]:
    """A scratch folder for one server, named by who made it; gone when the block ends."""
    root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{Owner.me()}-"))
    try:
        if len(os.fsencode(root / f".s.PGSQL.{PORT}")) > SOCKET_BYTES:
            raise UsageError(
                f"the temporary folder {root.parent} has too long a name for a server's socket in "
                "it: set TMPDIR to a shorter one"
            )
        give(root)
        yield root
    finally:
        _remove(root)


@contextmanager
def started(root: Path, program: Path, options: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The server on `root`/data, which logs to `root`/log; stopped when the block ends."""
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            as_user([program, "-D", root / "data", *options]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process.pid)
        process.wait()


def sweep(say: Say) -> None:
    """Stop and remove the scratch servers that killed runs left on this machine."""
    for root in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = Owner.parse(root.name.removeprefix(PREFIX).rpartition("-")[0])
        if owner is not None and owner.is_dead(datetime.now(UTC)):
            _remove(root)
            say(f"removed {root}: a killed run left it")


def processes(root: Path) -> list[int]:
    """The processes that were started on the data directory in `root`."""
    wanted = str(root / "data").encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if wanted in words and b"-D" in words:
                found.append(int(path.parent.name))
    return found


def as_user(command: Sequence[object]) -> list[str]:
    """The command as a user that PostgreSQL agrees to run as: it refuses root."""
    told = [str(part) for part in command]
    if os.geteuid() != 0:
        return told
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--", *told]


def give(path: Path) -> None:
    """Make a file or folder the server's user's. Raises UsageError where there is none."""
    if os.geteuid() != 0:
        return
    try:
        shutil.chown(path, USER, USER)
    except LookupError as error:
        raise UsageError(
            f"run as root, a scratch server needs a user {USER} to run as, and there is none: "
            "install PostgreSQL's server package, or run this as another user"
        ) from error


def require_room(root: Path, needed: int) -> None:
    """Raise Refused unless `needed` bytes are free."""
    free = shutil.disk_usage(root).free
    if free < needed:
        raise Refused(
            f"{root.parent} has {free:,} bytes free, and about {needed:,} are needed for a scratch "
            "server: make room there, or set TMPDIR to another place"
        )


def _remove(root: Path) -> None:
    """Stop what runs in a scratch folder, and delete it."""
    for pid in processes(root):
        _stop(pid)
    shutil.rmtree(root, ignore_errors=True)


def _stop(pid: int) -> None:
    """End a server at once, as nothing in it is to be kept, and wait until it is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGQUIT)
        select.select([handle], [], [])
    except ProcessLookupError:
        return
    finally:
        os.close(handle)
