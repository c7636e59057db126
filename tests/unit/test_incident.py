"""An incident declared, told of and ended, whatever of it is out of reach or killed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ops.errors import CouldNotFindOut, NoAccess, OpsError, Refused
from ops.incident import callout, declaring
from ops.incident.assess import pod_line
from ops.incident.declaring import Desk
from ops.incident.entry import KEPT, Nature
from ops.journal import ClusterJournal
from ops.notify import Event, Failure, NotificationFacts, status_page
from ops.notify.pager_duty import PagerDuty
from tests.killed import Killed
from tests.unit.rollback_cluster import RollbackCluster
from tests.unit.stranger import ROOT

OUTAGE = Nature.OUTAGE


class Office:
    """Everybody who is told, and the cluster in which it is written down."""

    def __init__(self) -> None:
        self.cluster = RollbackCluster()
        self.told: list[Event] = []
        self.fails: list[BaseException | Failure] = []
        self.away: OpsError | None = None
        self.said: list[str] = []
        self.desk = Desk(
            journal=self._journal,
            tell=self._tell,
            channels=("Slack",),
            now=lambda: datetime(2026, 1, 1, 12, tzinfo=UTC),
            by="me",
            say=self.said.append,
        )

    def _journal(self) -> ClusterJournal[Any]:
        if self.away:
            raise self.away
        return ClusterJournal(self.cluster, KEPT)

    def _tell(self, event: Event) -> Sequence[Failure]:
        self.told.append(event)
        found = self.fails.pop(0) if self.fails else None
        if isinstance(found, Failure):
            return [found]
        if found:
            raise found
        return []

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]


@pytest.fixture
def office() -> Office:
    return Office()


def declare(office: Office, title: str = "uploads fail") -> Any:
    return declaring.declare(office.desk, OUTAGE, title, "")


def test_it_is_told_from_its_beginning_to_its_end_and_kept(office: Office) -> None:
    declare(office)
    declaring.update(office.desk, "it is the disk", "identified", "We found it.")
    ended = declaring.resolve(office.desk, "more disk", "")
    assert office.kinds == ["incident", "progress", "resolved"]
    public = [(e.public.status, e.public.message) for e in office.told if e.public]
    assert [status for status, _ in public] == ["investigating", "identified", "resolved"]
    assert public[1][1] == "We found it."
    journal = ClusterJournal(office.cluster, KEPT)
    assert journal.read() is None
    assert journal.history() == [ended]
    assert [note.text for note in ended.notes] == ["uploads fail", "it is the disk", "more disk"]


def test_who_is_woken_by_the_beginning_is_let_off_by_the_end_and_not_woken_by_news(
    office: Office,
) -> None:
    declare(office)
    declaring.update(office.desk, "news", "identified", "")
    declaring.resolve(office.desk, "over", "")
    channel = PagerDuty(NotificationFacts())
    assert [channel.wants(event) for event in office.told] == [True, False, True]
    assert office.told[0].dedup == office.told[2].dedup != ""
    assert all(status_page.StatusPage(NotificationFacts()).wants(event) for event in office.told)


def test_each_done_again_tells_nobody_twice(office: Office) -> None:
    declare(office)
    assert declare(office).title == "uploads fail"
    for _ in range(2):
        declaring.update(office.desk, "news", "identified", "")
    for _ in range(2):
        declaring.resolve(office.desk, "over", "")
    assert office.kinds == ["incident", "progress", "resolved"]


@pytest.mark.parametrize("failure", [Killed(), Failure("Slack", "no answer")])
def test_who_was_not_told_is_told_by_the_same_command_again(
    failure: BaseException | Failure, office: Office
) -> None:
    acts: list[Callable[[], object]] = [
        lambda: declare(office),
        lambda: declaring.update(office.desk, "news", "identified", ""),
        lambda: declaring.resolve(office.desk, "over", ""),
    ]
    for act in acts:
        office.fails = [failure]
        with pytest.raises((Killed, CouldNotFindOut)) as caught:
            act()
        if caught.type is CouldNotFindOut:
            assert "Slack was not told: no answer" in str(caught.value)
        act()
    assert office.kinds == ["incident"] * 2 + ["progress"] * 2 + ["resolved"] * 2
    assert len(ClusterJournal(office.cluster, KEPT).history()[0].notes) == 3


@pytest.mark.parametrize("error", [CouldNotFindOut("no answer"), NoAccess("forbidden")])
def test_people_are_told_even_where_the_cluster_is_gone(error: OpsError, office: Office) -> None:
    office.away = error
    with pytest.raises(type(error), match=r"people were told\. It is written down nowhere"):
        declare(office)
    assert office.kinds == ["incident"]


def test_where_nobody_is_configured_that_is_said_and_the_incident_stands(office: Office) -> None:
    office.desk = replace(office.desk, channels=())
    with pytest.raises(CouldNotFindOut, match="nobody was told"):
        declare(office)
    assert ClusterJournal(office.cluster, KEPT).read() is not None


def test_there_is_one_incident_at_a_time(office: Office) -> None:
    declare(office)
    with pytest.raises(Refused, match="another incident is open: outage 'uploads fail'"):
        declare(office, "logins fail")


def test_without_an_incident_there_is_no_news_and_no_end(office: Office) -> None:
    with pytest.raises(Refused, match="declare TITLE"):
        declaring.update(office.desk, "news", "identified", "")
    with pytest.raises(Refused, match="declare TITLE"):
        declaring.resolve(office.desk, "over", "")
    assert office.told == []


def test_in_a_breach_the_security_team_comes_first_and_evidence_before_anything_restarts() -> None:
    lines = callout.text(Nature.BREACH, date(2026, 1, 1)).splitlines()
    assert "security@" in lines[2]
    steps = "\n".join(lines)
    assert steps.index("isolate") < steps.index("evidence") < steps.index("rotate")
    assert "#incident-2026-01-01" in steps
    assert "security@" not in callout.text(Nature.OUTAGE, date(2026, 1, 1))


def test_in_a_breach_the_same_three_commands_are_told_everywhere_whole_and_in_one_order() -> None:
    texts = [
        callout.text(Nature.BREACH, date(2026, 1, 1)),
        (ROOT / "docs" / "incidents.md").read_text().partition("## Security breach")[2],
        (ROOT / "docs" / "rotation.md").read_text().partition("## After a breach")[2],
    ]
    for text in texts:
        lines = re.findall(r"(?m)^ +(?:\[ \] )?(scripts/rotate_[^#\n]*)", text)
        assert [line.strip() for line in lines[:3]] == [
            "scripts/rotate_db_password.py --now",
            "scripts/rotate_jwt_secret.py --now",
            "scripts/rotate_api_keys.py OPENAI_API_KEY ANTHROPIC_API_KEY",
        ]


@pytest.mark.parametrize(
    ("status", "verdict", "told"),
    [
        ({"phase": "Succeeded"}, "good", "done its work"),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, "good", "ready"),
        ({"phase": "Pending"}, "bad", "not ready"),
        ({}, "bad", "not ready"),
        ({"phase": "Failed"}, "bad", "Failed"),
        (
            {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "False", "message": "probe failed"}],
                "containerStatuses": [
                    {"restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
                ],
            },
            "bad",
            "7 restarts; CrashLoopBackOff",
        ),
    ],
)
def test_a_pod_is_well_only_if_it_is_ready_or_has_done_its_work(
    status: dict[str, Any], verdict: str, told: str
) -> None:
    line = pod_line({"metadata": {"name": "p"}, "status": status})
    assert (line.verdict, told in line.detail) == (verdict, True)
