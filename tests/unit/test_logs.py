"""Logs of many containers at once, against a cluster kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ops import logs
from ops.cluster import Cluster, LogWish
from ops.color import Color
from ops.errors import CouldNotFindOut, NoAccess, UsageError
from ops.logs import Chosen, Reader, Source

Body = dict[str, Any]


class Printing(Cluster):
    """Pods that have printed `printed` by pod; what is an error breaks the log off."""

    def __init__(self, printed: Mapping[str, list[str | Exception]]) -> None:
        self.namespace = "legal-ai"
        self.pods = [pod(name) for name in printed]
        self.printed = printed
        self.asked: list[tuple[str, LogWish]] = []
        self.listed = threading.Event()

    def list(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        self.listed.set()
        return [each for each in self.pods if labels.items() <= each["metadata"]["labels"].items()]

    def log_lines(self, pod: str, container: str, wish: LogWish) -> Iterator[str]:
        self.asked.append((pod, wish))
        for line in self.printed[pod]:
            if isinstance(line, Exception):
                raise line
            yield line


def pod(name: str, restarts: int = 0, **state: Any) -> Body:
    service, color = name.split("-")[:2]
    status = {"name": service, "restartCount": restarts, "state": state or {"running": {}}}
    return {
        "metadata": {"name": name, "labels": {"app": service, "color": color}},
        "status": {"containerStatuses": [status]},
    }


def told(reader: Reader, chosen: Chosen | None = None) -> list[str]:
    found = logs.sources(reader.cluster, chosen or Chosen())
    return [f"{each.source.pod} {each.line}" for each in reader.printed(found)]


def test_lines_of_all_pods_come_in_the_order_of_their_times() -> None:
    cluster = Printing(
        {
            "backend-blue-1": ["2026-01-01T00:00:00.65Z first", "2026-01-01T00:00:01Z third"],
            # Zeros at the end are left out: as texts these two sort the other way round.
            "backend-green-1": ["2026-01-01T00:00:00.651Z second", "2026-01-01T00:00:02Z fourth"],
        }
    )
    reader = Reader(cluster, LogWish(since_seconds=60))
    assert told(reader) == [
        "backend-blue-1 first",
        "backend-green-1 second",
        "backend-blue-1 third",
        "backend-green-1 fourth",
    ]
    reader.finish()
    assert {wish for _, wish in cluster.asked} == {LogWish(since_seconds=60, timed=True)}


def test_only_the_color_and_the_services_that_were_asked_for_are_read() -> None:
    names = ["backend-blue-1", "frontend-blue-1", "backend-green-1", "worker-green-1"]
    reader = Reader(Printing({name: [f"T {name}"] for name in names}), LogWish())
    assert told(reader, Chosen(Color.GREEN)) == [f"{n} {n}" for n in names[2:]]
    chosen = Chosen(services=("backend", "worker"))
    assert [line.split()[0] for line in told(reader, chosen)] == [names[0], *names[2:]]


def test_a_container_that_waits_for_its_first_run_has_no_log_and_one_that_crashed_has() -> None:
    cluster = Printing({})
    cluster.pods = [pod("backend-blue-1", waiting={}), pod("backend-blue-2", 3, waiting={})]
    assert logs.sources(cluster, Chosen()) == [Source("backend-blue-2", "backend", 3)]


def test_a_log_that_breaks_off_keeps_no_other_from_being_read_and_is_told_at_the_end() -> None:
    cluster = Printing(
        {"backend-blue-1": ["1 one", CouldNotFindOut("gone")], "backend-green-1": ["2 two"]}
    )
    reader = Reader(cluster, LogWish())
    assert told(reader) == ["backend-blue-1 one", "backend-green-1 two"]
    with pytest.raises(CouldNotFindOut, match=r"1 logs could not be read whole:\n  - gone"):
        reader.finish()


def test_logs_that_nobody_may_read_are_a_matter_of_rights() -> None:
    reader = Reader(Printing({"backend-blue-1": [NoAccess("forbidden")]}), LogWish())
    told(reader)
    with pytest.raises(NoAccess):
        reader.finish()


def test_who_follows_sees_pods_that_come_whole_and_no_line_twice_where_a_log_broke_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "LOOK_SECONDS", 0.01)
    printed: dict[str, list[str | Exception]] = {"backend-blue-1": ["1 one", CouldNotFindOut("x")]}
    cluster, said = Printing(printed), list[str]()
    lines = logs.follow(cluster, Chosen(), LogWish(since_seconds=5), said.append)
    first = next(lines)
    printed["backend-blue-1"] = ["1 one", "2 two"]
    second = next(lines)
    printed["backend-green-1"] = ["3 three"]
    cluster.pods.append(pod("backend-green-1"))
    assert [first.line, second.line, next(lines).line] == ["one", "two", "three"]
    assert said == ["x; it is read on"]
    since = {name: wish.since_seconds for name, wish in reversed(cluster.asked)}
    assert since == {"backend-blue-1": 5, "backend-green-1": None}
    assert all(wish.follow for _, wish in cluster.asked)


@pytest.mark.parametrize(
    ("span", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172800)]
)
def test_a_span_of_time_is_read(span: str, seconds: int) -> None:
    assert logs.seconds(span) == seconds


@pytest.mark.parametrize("span", ["", "1", "h", "0s", "-1h", "1w", "1 h", "1h30m"])
def test_what_is_no_span_of_time_is_refused(span: str) -> None:
    with pytest.raises(UsageError, match="write 90s, 15m, 1h or 2d"):
        logs.seconds(span)
