"""The folder with the evidence: whole or marked as not, never lost, never written again."""

from __future__ import annotations

import builtins
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ops.cluster import Cluster, LogWish
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.evidence import pieces
from ops.evidence.collect import Collected, collect
from ops.evidence.folder import Folder
from ops.evidence.pieces import Piece
from tests.killed import Killed

PASSWORD = "cGFzc3dvcmQ="


def piece(name: str, *contents: str | BaseException) -> Piece:
    """Writes these one after another; what is an error is raised."""

    def take(file: BinaryIO) -> None:
        for each in contents:
            if isinstance(each, BaseException):
                file.flush()
                raise each
            file.write(each.encode())

    return Piece(name, take)


def take(folder: Path, *found: Piece, said: list[str] | None = None) -> Collected:
    return collect(Folder(folder), [lambda: found], "me", (said or []).append)


def files(folder: Path) -> dict[str, str]:
    """What is there, without the runs and the checksums."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "runs" and path.name != "SHA256SUMS"
    }


def test_every_piece_is_there_for_its_owner_alone_and_read_only_with_its_checksum(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "evidence"
    assert take(folder, piece("logs/a/b.log", "one"), piece("x.json", "{}")) == Collected(2, 0, 3)
    assert files(folder) == {"logs/a/b.log": "one", "x.json": "{}"}
    modes = {oct(path.stat().st_mode & 0o777) for path in folder.rglob("*") if path.is_file()}
    assert modes == {"0o400"}
    assert folder.stat().st_mode & 0o777 == 0o700
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(check, cwd=folder, check=False).returncode == 0
    run = json.loads(next(folder.glob("runs/*.json")).read_text())
    assert (run["by"], run["problems"]) == ("me", [])


def test_what_is_there_is_not_taken_again_and_what_is_new_is_added(tmp_path: Path) -> None:
    take(tmp_path / "e", piece("a", "first"))
    assert take(tmp_path / "e", piece("a", "second"), piece("b", "new")).added == 1
    assert files(tmp_path / "e") == {"a": "first", "b": "new"}


def test_what_a_killed_run_had_begun_is_kept_beside_the_whole(tmp_path: Path) -> None:
    """The pod may be gone by then: what it had said until the kill is all there is."""
    folder = tmp_path / "e"
    for word in ("one", "two"):
        with pytest.raises(Killed):
            take(folder, piece("logs/a", "kept"), piece("logs/b", word, Killed()))
    take(folder, piece("logs/a", "again"), piece("logs/b", "whole"))
    assert files(folder) == {
        "logs/a": "kept",
        "logs/b": "whole",
        "logs/b.incomplete-1": "one",
        "logs/b.incomplete-2": "two",
    }


def test_a_piece_that_cant_be_had_keeps_no_other_from_being_kept_and_is_not_forgotten(
    tmp_path: Path,
) -> None:
    folder, gone = tmp_path / "e", CouldNotFindOut("the pod is gone")
    with pytest.raises(CouldNotFindOut, match=r"1 pieces .* the pod is gone\. Run the same"):
        take(folder, piece("a", "half", gone), piece("b", "whole"))
    assert files(folder) == {"a.incomplete-1": "half", "b": "whole"}
    assert take(folder, piece("a", "whole"), piece("b", "")).added == 1


def test_a_source_that_can_not_be_listed_keeps_no_other_from_being_kept(tmp_path: Path) -> None:
    def unlisted() -> list[Piece]:
        raise CouldNotFindOut("the API server is down")

    sources = [unlisted, lambda: [piece("database.dump", "rows")]]
    with pytest.raises(CouldNotFindOut, match="the API server is down"):
        collect(Folder(tmp_path / "e"), sources, "me", lambda _: None)
    assert files(tmp_path / "e") == {"database.dump": "rows"}


@pytest.mark.parametrize("harm", ["changed", "taken"])
def test_evidence_that_somebody_touched_is_not_gone_on_with(harm: str, tmp_path: Path) -> None:
    take(tmp_path, piece("logs/a", "truth"))
    file = tmp_path / "logs" / "a"
    file.chmod(0o600)
    if harm == "taken":
        file.unlink()
    else:
        file.write_text("another")
    with pytest.raises(Refused, match="somebody changed or took it"):
        take(tmp_path, piece("logs/b", ""))
    assert not (tmp_path / "logs" / "b").exists()


def test_a_folder_of_somebody_elses_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    mode = tmp_path.stat().st_mode
    with pytest.raises(UsageError, match="other things in it"):
        take(tmp_path, piece("a", ""))
    assert tmp_path.stat().st_mode == mode


def test_of_two_at_once_one_is_told_to_wait(tmp_path: Path) -> None:
    with Folder(tmp_path).opened(), pytest.raises(Refused, match="another run keeps evidence"):
        take(tmp_path, piece("a", ""))
    take(tmp_path, piece("a", ""))


def test_a_place_that_cant_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be written to"):
        take(tmp_path / "file" / "below", piece("a", ""))


class Objects(Cluster):
    """A Secret, and a pod whose container was restarted twice."""

    def __init__(self) -> None:
        self.namespace = "legal-ai"
        self.asked: list[LogWish] = []

    def list(self, kind: str, labels: object) -> builtins.list[dict[str, Any]]:
        status = {"name": "backend", "restartCount": 2, "state": {"running": {}}}
        return [{"metadata": {"name": "p"}, "status": {"containerStatuses": [status]}}]

    def list_if_known(self, kind: str) -> builtins.list[dict[str, Any]]:
        metadata = {"name": "app", "annotations": {"last-applied": PASSWORD}}
        return [{"kind": kind, "metadata": metadata, "data": {"DATABASE_URL": PASSWORD}}]

    def log_lines(self, pod: str, container: str, wish: LogWish) -> Iterator[str]:
        self.asked.append(wish)
        yield f"T {'before' if wish.previous else 'now'}"


def test_of_a_secret_the_names_are_kept_and_no_value_anywhere(tmp_path: Path) -> None:
    collect(Folder(tmp_path), [lambda: pieces.of_objects(Objects())], "me", lambda _: None)
    secret = (tmp_path / "objects" / "Secret.json").read_text()
    assert "DATABASE_URL" in secret
    assert PASSWORD not in secret
    assert PASSWORD in (tmp_path / "objects" / "ConfigMap.json").read_text()
    assert (tmp_path / "objects" / "Event.json").exists()


def test_the_log_of_the_run_before_the_last_restart_is_kept_too(tmp_path: Path) -> None:
    cluster = Objects()
    collect(Folder(tmp_path), [lambda: pieces.of_logs(cluster, 60)], "me", lambda _: None)
    assert files(tmp_path) == {
        "logs/p/backend.1.log": "T before\n",
        "logs/p/backend.2.log": "T now\n",
    }
    # What was before the restart is asked for whole: it may be older than the span.
    assert [wish.since_seconds for wish in cluster.asked] == [60, None]
