"""PostgreSQL's own programs: found in the right version, run with no secret in their arguments."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ops.backups.store import Sink
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError

PACKAGES: Final = Path("/usr/lib/postgresql")
_VERSION: Final = re.compile(r"\) (\d+)")
_NO_ANSWER: Final = (
    "connection to server",
    "closed the connection",
    "terminating connection",
    "connection to client lost",
    "could not receive data",
    "could not send data",
    "database system is",
)
_NO_ROOM: Final = "No space left"
_NO_RIGHTS: Final = (
    "permission denied",
    "must be superuser",
    "must be owner",
    "no pg_hba.conf entry",
    "password authentication failed",
)


@dataclass(frozen=True)
class Program:
    """One found program, with what it says of its version and the major part of that."""

    path: Path
    version: str
    major: int


def find(name: str, major: int, *, exact: bool = False) -> Program:
    """The oldest `name` that is at least the server's `major`, or exactly that.

    Looks on PATH and in Debian's folders. Raises UsageError that says what to install.
    """
    there = [found for path in _candidates(name) if (found := _version(path)) is not None]
    fitting = [p for p in there if p.major == major or (p.major > major and not exact)]
    if fitting:
        return min(fitting, key=lambda program: program.major)
    package = f"postgresql-{major}" if name in ("postgres", "pg_waldump") else None
    package = package or f"postgresql-client-{major}"
    have = ", ".join(f"{program.path} is {program.major}" for program in there) or "none is here"
    raise UsageError(
        f"{name} of PostgreSQL {major}{'' if exact else ' or newer'} is needed on this machine "
        f"({have}): install it, on Debian `apt-get install {package}`"
    )


def _candidates(name: str) -> list[Path]:
    on_path = shutil.which(name)
    return [*sorted(PACKAGES.glob(f"*/bin/{name}")), *([Path(on_path)] if on_path else [])]


def _version(path: Path) -> Program | None:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    found = _VERSION.search(done.stdout)
    return None if found is None else Program(path, done.stdout.strip(), int(found[1]))


@dataclass
class Running:
    """A program at work."""

    name: str
    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    @property
    def stdin(self) -> IO[bytes]:
        """What it reads."""
        assert self.process.stdin is not None  # noqa: S101 it was started with a pipe
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """What it writes."""
        assert self.process.stdout is not None  # noqa: S101 it was started with a pipe
        return self.process.stdout

    @property
    def input(self) -> Sink:
        """What it reads; all that comes after it has ended is let go: `finish` says why it did."""
        return _Forgiving(self.stdin)

    def finish(self, otherwise: type[OpsError]) -> None:
        """End its input and wait. Raises `otherwise` for what its words don't explain."""
        _close(self.process.stdin)
        if self.process.wait() == 0:
            return
        self.errors.seek(0)
        said = self.errors.read()[-4000:].decode(errors="replace").strip()
        last = "\n".join(f"    {line}" for line in said.splitlines()[-8:])
        told = f"{self.name} failed (exit code {self.process.returncode}):\n{last or '    nothing'}"
        if _NO_ROOM in said:
            raise Refused(f"{told}\nMake room on the server, then run the same command again")
        if any(words in said for words in _NO_RIGHTS):
            raise UsageError(f"{told}\nGive database.adminUrl a role that may")
        if any(words in said for words in _NO_ANSWER):
            raise CouldNotFindOut(
                f"{told}\nLook whether the server is up, then run the same command again"
            )
        raise otherwise(told)


@contextmanager
def running(
    argv: Sequence[object],
    environment: Mapping[str, str],
    *,
    feed: bool = False,
    take: bool = False,
) -> Iterator[Running]:
    """Run a program, to `feed` its input or `take` its output; it is gone when the block ends."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(part) for part in argv],
            env=dict(environment),
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE if take else subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            yield Running(Path(str(argv[0])).name, process, errors)
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                _close(pipe)
            process.wait()


@dataclass
class _Forgiving:
    """A pipe into a program that may have ended."""

    pipe: IO[bytes]
    broken: bool = False

    def write(self, data: bytes) -> None:
        """Write, as long as somebody reads."""
        if not self.broken:
            try:
                self.pipe.write(data)
            except BrokenPipeError:
                self.broken = True


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:
            return
