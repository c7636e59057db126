"""The local stack's archive_command, run by a real shell as PostgreSQL runs it."""

import subprocess
from pathlib import Path

from local.parts.postgres import archive_command

SEGMENT = "000000010000000000000001"


def run(archive: Path, segment: Path) -> int:
    command = archive_command(archive).replace("%p", str(segment)).replace("%f", SEGMENT)
    return subprocess.run(["sh", "-c", command.replace("%%", "%")], check=False).returncode


def make(folder: Path, content: str = "wal") -> tuple[Path, Path]:
    archive, segment = folder / "an archive", folder / "segment"
    archive.mkdir(exist_ok=True)
    segment.write_text(content)
    return archive, segment


def test_a_segment_is_kept_whole_under_its_name_alone(tmp_path: Path) -> None:
    archive, segment = make(tmp_path)
    assert run(archive, segment) == 0
    assert [path.name for path in archive.iterdir()] == [SEGMENT]
    assert (archive / SEGMENT).read_text() == "wal"


def test_the_same_segment_again_is_well(tmp_path: Path) -> None:
    archive, segment = make(tmp_path)
    assert run(archive, segment) == 0
    assert run(archive, segment) == 0


def test_another_segment_never_replaces_one(tmp_path: Path) -> None:
    archive, segment = make(tmp_path)
    assert run(archive, segment) == 0
    make(tmp_path, content="of another server")
    assert run(archive, segment) != 0
    assert (archive / SEGMENT).read_text() == "wal"


def test_a_copy_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    archive, segment = make(tmp_path)
    (archive / f".{SEGMENT}.part").write_text("w")
    assert run(archive, segment) == 0
    assert (archive / SEGMENT).read_text() == "wal"


def test_no_room_is_a_failure_that_postgresql_tries_again(tmp_path: Path) -> None:
    _, segment = make(tmp_path)
    assert run(tmp_path / "not there", segment) != 0
