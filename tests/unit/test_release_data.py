"""The backup of a release: one, however often it is asked for, and proven once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from ops import backups
from ops.backups import model, verify
from ops.backups.model import Backup, Check
from ops.errors import Refused
from ops.release.data import StackData
from ops.times import rfc3339
from tests.unit.test_release_preflight import Away
from tests.unit.versioned import Versioned

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class FakeEngine:
    kept: list[Backup] = field(default_factory=list)

    def backups(self) -> list[Backup]:
        return self.kept

    def take(self, label: str, tags: Mapping[str, str], say: Any) -> Backup:
        made = Backup(f"b{len(self.kept) + 1}", "dump", NOW, label, tags)
        self.kept.append(made)
        return made

    def find(self, wanted: str) -> Backup:
        return next(each for each in self.kept if each.id == wanted)


@dataclass
class Proof:
    """Stands in for a restore: how often it was asked for, and what it finds."""

    engine: FakeEngine
    check: Check = field(default_factory=lambda: Check("restore", "good", "took 1 s"))
    asked: int = 0

    def __call__(self, engine: Any, backup: Backup, *_: object) -> verify.Report:
        self.asked += 1
        if self.check.verdict == "good":
            at = rfc3339(NOW)
            proven = replace(backup, tags={**backup.tags, model.TAG_VERIFIED_AT: at})
            self.engine.kept[self.engine.kept.index(backup)] = proven
        return verify.Report(backup, NOW, NOW + timedelta(seconds=1), 1.0, [self.check])


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def proof(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Proof:
    made = Proof(engine)
    monkeypatch.setattr(backups, "connect", lambda *_: engine)
    monkeypatch.setattr(verify, "verify", made)
    return made


@pytest.fixture
def database(proof: Proof, tmp_path: Any) -> StackData:
    return StackData(cast(Any, Away(tmp_path)), Versioned(), print)


def test_a_backup_of_this_release_is_found_and_not_taken_again(
    database: StackData, engine: FakeEngine
) -> None:
    engine.take("release-0", {}, print)
    assert [database.back_up("release-1") for _ in range(2)] == ["b2", "b2"]
    assert len(engine.kept) == 2


def test_a_backup_says_which_version_served_when_it_was_taken(
    database: StackData, engine: FakeEngine
) -> None:
    database.back_up("release-1")
    assert engine.kept[0].tags[model.TAG_STACK] == "production"


def test_the_alerts_learn_of_the_backup_and_of_its_proof(database: StackData) -> None:
    database.verify(database.back_up("release-1"))
    noted = database.cluster.get("ConfigMap", "backups")
    assert noted
    assert (noted["data"]["takenId"], noted["data"]["verifiedId"]) == ("b1", "b1")


def test_a_proven_backup_is_not_proven_again(database: StackData, proof: Proof) -> None:
    taken = database.back_up("release-1")
    assert "is proven" in database.verify(taken)
    assert "proven already" in database.verify(taken)
    assert proof.asked == 1


def test_a_backup_that_can_not_be_restored_stops_the_release(
    database: StackData, proof: Proof
) -> None:
    proof.check = Check("restore", "bad", "the dump is cut off")
    with pytest.raises(Refused, match="cut off"):
        database.verify(database.back_up("release-1"))
    noted = database.cluster.get("ConfigMap", "backups")
    assert noted
    assert "verified" not in noted["data"]
