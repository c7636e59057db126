"""Progress for people: a line when something is done, with its time; readable in a log file too."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

HEARTBEAT_SECONDS = 30


def duration(seconds: float) -> str:
    """Say `seconds` as people do: 0.4 s, 12 s, 3 min 5 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


class Report:
    """Prints steps as they end and, while they run, what is still going on."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self._running: dict[str, float] = {}
        self._lock = threading.Lock()

    def line(self, text: str, style: str = "") -> None:
        """Print one line with the time since the command started."""
        elapsed = time.monotonic() - self._began
        body = f"[{style}]{escape(text)}[/]" if style else escape(text)
        self.console.print(f"[dim]{elapsed:7.1f}s[/] {body}", highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show `title` as running, then as done or failed with its time."""
        began = time.monotonic()
        with self._lock:
            self._running[title] = began
        try:
            yield
        except BaseException:
            self.line(f"{title}: failed after {duration(time.monotonic() - began)}", "red")
            raise
        else:
            self.line(f"{title}: {duration(time.monotonic() - began)}")
        finally:
            with self._lock:
                del self._running[title]

    @contextmanager
    def live(self) -> Iterator[None]:
        """Keep showing what runs: a status line on a terminal, else a line now and then."""
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(done,), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()

    def _still_running(self) -> str:
        now = time.monotonic()
        with self._lock:
            return ", ".join(f"{t} {duration(now - b)}" for t, b in self._running.items())

    def _tick(self, done: threading.Event) -> None:
        if not self.console.is_terminal:
            while not done.wait(HEARTBEAT_SECONDS):
                if running := self._still_running():
                    self.line(f"still at it: {running}", "dim")
            return
        with self.console.status("") as status:
            while not done.wait(0.5):
                status.update(escape(self._still_running()))
