"""A stack, its database, checks and Prometheus in memory, for whole releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ops.checklist import Line
from ops.color import Color
from ops.errors import Refused
from ops.journal import ClusterJournal
from ops.notify import Event, Failure
from ops.release.entry import KEPT, Options, Release
from ops.release.tools import Tools
from ops.shift.tools import Tools as Shifting
from ops.verdict import Finding, Severity
from tests.unit import shift_world

BLUE, GREEN = Color.BLUE, Color.GREEN
SHORT = Options(steps=(50,), step_seconds=1, watch_seconds=1, keep_seconds=1)


class ReleaseWorld(shift_world.World):
    """Blue v1 serves with two replicas, green v0 is at none; the release is of v2.

    `acts` has what was done to the world, in order. `fails` is raised by the act of that name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.config_data |= {
            "legal-ai:blue": {"version": "v1", "replicas": 2},
            "legal-ai:green": {"version": "v0", "replicas": 0},
        }
        self.deployed = {BLUE: "v1", GREEN: "v0"}
        self.running = {BLUE: 2, GREEN: 0}
        self.acts: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.lines = [Line("hold", "good", "no color is held")]
        self.backups: dict[str, str] = {}
        self.proven: list[str] = []
        self.silence_of: set[str] = set()
        self.schema: list[str] = []
        self.digests_now = {"backend": ("sha256:b",), "frontend": ("sha256:f",)}
        self.image_lines: list[Line] = []
        self.reports: list[Release] = []
        self.undelivered: list[Failure] = []
        self.findings: list[Finding] = []

    def release_tools(self) -> Tools:
        return Tools(
            stack=self,
            traffic=self,
            journal=ClusterJournal(self.cluster, KEPT),
            checks=self,
            data=self,
            silences=self,
            shifting=self.shifting,
            exclusive=self._only_one,
            tell=self._tell,
            report=self.reports.append,
            now=lambda: datetime(2025, 10, 14, 2, tzinfo=UTC),
            by=self.by,
            say=self.said.append,
        )

    def shifting(self) -> Shifting:
        return self.tools()

    def say_it(self, line: str) -> None:
        self.said.append(line)

    # The stack.

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        assert not secrets
        self.writes.append(values)
        for key, value in values.items():
            color, _, rest = key.partition(".")
            if not rest:
                self.config_data[f"legal-ai:{key}"] = value
                continue
            settings = self.config_data.setdefault(f"legal-ai:{color}", {})
            name, _, service = rest.partition(".")
            if service:
                settings.setdefault(name, {})[service] = int(value)
            else:
                settings[name] = int(value) if name == "replicas" else value

    def remove(self, key: str) -> None:
        color, _, name = key.partition(".")
        self.config_data[f"legal-ai:{color}"].pop(name, None)

    def up(self, show: Callable[[str], None], *, seconds: float = 0.0) -> None:
        self._act("up")
        replicas = {color: self._configured(color) for color in Color}
        for color, there in self.running.items():
            live = self.live_traffic
            if live and live.has_traffic(color) and there and not replicas[color]:
                raise Refused(f"{color} has traffic and can't be scaled to zero")
        for color, weight in self.weights.items():
            if weight and not replicas[color]:
                raise Refused(f"{color} gets weight and has no replicas")
        super().up(show, seconds=seconds)
        self.running = replicas
        self.deployed = {c: self.config_data[f"legal-ai:{c}"].get("version", "") for c in Color}

    def _configured(self, color: Color) -> int:
        settings = self.config_data[f"legal-ai:{color}"]
        given = settings.get("replicas")
        if given is None and settings.get("version"):
            raise Refused(f"{color} has a version and no replicas")
        return max(given.values()) if isinstance(given, dict) else given or 0

    # Looking.

    def preflight(self, release: Release) -> list[Line]:
        self._act("preflight")
        return self.lines

    def warm_up(self, release: Release) -> str:
        self._require_deployed(release)
        self._act("warm-up")
        return "warm"

    def smoke(self, release: Release) -> list[Line]:
        self._require_deployed(release)
        self._act("smoke")
        return [Line("health", "good", "ok")]

    def digests(self, release: Release) -> Mapping[str, tuple[str, ...]]:
        self._require_deployed(release)
        return dict(self.digests_now)

    def images(self, release: Release) -> list[Line]:
        return self.image_lines

    def browse(self, release: Release) -> list[Line]:
        self._require_deployed(release)
        self._act("browser")
        return [Line("home page", "good", "ok")]

    def background(self) -> Sequence[Finding]:
        return self.findings

    def _require_deployed(self, release: Release) -> None:
        assert self.deployed[release.color] == release.version
        assert self.running[release.color]

    # The database and Alertmanager.

    def back_up(self, label: str) -> str:
        self._act("backup")
        return self.backups.setdefault(label, f"backup-{len(self.backups) + 1}")

    def verify(self, backup: str) -> str:
        assert backup in self.backups.values()
        self._act("verify")
        self.proven.append(backup)
        return "proven"

    def expand(self, release: Release) -> list[str]:
        self._act("migrate")
        self.schema.append(release.version)
        return ["ran 0002"]

    def put(self, label: str, minutes: int) -> str:
        self._act("silence")
        self.silence_of.add(label)
        return "silent"

    def end(self, label: str) -> str:
        self.silence_of.discard(label)
        return "ended"

    # What came of it.

    @property
    def release(self) -> Release | None:
        """The open one."""
        return self.release_tools().journal.read()

    @property
    def ended(self) -> Release:
        """The one that was closed last."""
        return self.release_tools().journal.history()[-1]

    @property
    def color_configs(self) -> tuple[Any, Any]:
        """Blue's and green's configuration."""
        return self.config_data["legal-ai:blue"], self.config_data["legal-ai:green"]

    def _tell(self, event: Event) -> Sequence[Failure]:
        self.events.append(event)
        return self.undelivered

    def _act(self, name: str) -> None:
        self.acts.append(name)
        if error := self.fails.get(name):
            raise error

    @contextmanager
    def _only_one(self) -> Iterator[Callable[[], None]]:
        yield self.on_alive


def unsure_of_workers() -> Finding:
    return Finding(Severity.REFUSED, "both colors run background services", "Stop one")
