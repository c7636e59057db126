"""Calling programs that end by themselves; errors say what was called and what came back."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.problems import CommandFailedError, InterruptedByUserError

TAIL_LINES = 25


class Commands:
    """The programs that run on our behalf now, so that an interrupt can end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop_all` was called: whoever waits in a loop should give up."""
        return self._stopped

    def stop_all(self) -> None:
        """End what runs and refuse to start more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()

    def run(
        self,
        argv: Sequence[object],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Run `argv` to its end and return its standard output.

        Raises CommandFailedError with the end of what it printed, after a failure or after
        `timeout` seconds; InterruptedByUserError once `stop_all` was called.
        """
        words = [str(word) for word in argv]
        with self._lock:
            if self._stopped:
                raise InterruptedByUserError("stopped")
            process = self._open(words, env, cwd, stdin)
            self._running.add(process)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as late:
            process.kill()
            out, err = process.communicate()
            raise CommandFailedError(
                f"`{' '.join(words)}` did not end within {timeout:.0f} s:\n{tail(out + err)}"
            ) from late
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode != 0 and self._stopped:
            raise InterruptedByUserError("stopped")
        if process.returncode != 0:
            raise CommandFailedError(
                f"`{' '.join(words)}` ended with exit code {process.returncode}:\n{tail(out + err)}"
            )
        return out

    @staticmethod
    def _open(
        words: list[str], env: Mapping[str, str] | None, cwd: Path | None, stdin: str | None
    ) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                words,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise CommandFailedError(f"`{words[0]}` can't be started: {error}") from error


def tail(text: str) -> str:
    """Return the last `TAIL_LINES` lines of `text`, indented, for the end of an error message."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-TAIL_LINES:])


COMMANDS = Commands()
run = COMMANDS.run
