"""What a release is: its levels, the migrations it keeps, the databases it fits."""

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

from sample_app.backend.bake import bake, revision_level
from sample_app.backend.legal_ai.release import Release, read_release
from sample_app.backend.legal_ai.tables import documents, shown_name, users

BACKEND = Path(__file__).parents[2] / "sample_app" / "backend"
RELEASES: dict[str, dict[str, int]] = json.loads((BACKEND / "releases.json").read_text())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(BACKEND / "legal_ai", tmp_path / "legal_ai")
    shutil.copy(BACKEND / "releases.json", tmp_path)
    return tmp_path


def _levels(tree: Path) -> list[int]:
    versions = (tree / "legal_ai" / "migrations" / "versions").glob("*.py")
    return sorted(revision_level(path.read_text()) for path in versions)


@pytest.mark.parametrize(
    ("version", "levels"),
    [("v1.0.0", [1]), ("v1.1.0", [1, 2, 3]), ("v1.4.0", [1, 2, 3, 4, 5, 6])],
)
def test_a_baked_tree_has_the_migrations_of_its_own_release_only(
    tree: Path, version: str, levels: list[int]
) -> None:
    bake(tree, version)
    assert _levels(tree) == levels


@pytest.mark.parametrize("version", RELEASES)
def test_a_baked_tree_says_which_release_it_is(tree: Path, version: str) -> None:
    bake(tree, version)
    assert read_release(tree) == Release(version=version, **RELEASES[version])


@pytest.mark.parametrize("version", RELEASES)
def test_the_newest_migration_of_a_release_is_at_its_level(tree: Path, version: str) -> None:
    bake(tree, version)
    assert max(_levels(tree)) == RELEASES[version]["level"]


def test_an_unknown_version_is_refused_with_the_known_ones(tree: Path) -> None:
    with pytest.raises(KeyError, match=r"v9\.9\.9.*v1\.0\.0, v1\.1\.0"):
        bake(tree, "v9.9.9")


def test_the_dockerfile_builds_the_newest_release_by_default() -> None:
    text = (BACKEND / "Dockerfile").read_text()
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    version, levels = list(RELEASES.items())[-1]
    assert defaults == {
        "VERSION": version,
        "SCHEMA_LEVEL": str(levels["level"]),
        "SCHEMA_NEEDS": str(levels["needs"]),
    }


NEEDS_2 = Release(version="v1.1.0", level=3, needs=2)


@pytest.mark.parametrize(("level", "floor"), [(2, 1), (3, 1), (3, 3), (7, 3)])
def test_a_release_fits_from_the_level_it_needs_while_the_floor_is_not_above_its_own(
    level: int, floor: int
) -> None:
    assert NEEDS_2.refuses(level, floor) is None


@pytest.mark.parametrize(
    ("level", "floor", "named"),
    [(None, 0, "no schema"), (1, 1, "at schema level 1.*needs 2"), (5, 4, "under 4.*knows 3")],
)
def test_a_release_says_why_a_database_does_not_fit(
    level: int | None, floor: int, named: str
) -> None:
    assert re.search(named, NEEDS_2.refuses(level, floor) or "")


def test_code_that_does_not_need_summaries_never_names_the_column() -> None:
    assert "summary" not in documents(Release(version="v1.0.0", level=1, needs=1)).c
    assert "summary" in documents(NEEDS_2).c


@pytest.mark.parametrize(
    ("version", "columns"),
    [
        ("v1.1.0", ["full_name"]),
        ("v1.2.0", ["display_name", "full_name"]),
        ("v1.3.0", ["display_name"]),
        ("v1.4.0", ["display_name"]),
    ],
)
def test_each_release_names_only_the_name_columns_that_every_database_it_fits_has(
    version: str, columns: list[str]
) -> None:
    release = Release(version=version, **RELEASES[version])
    table = users(release)
    assert [column.name for column in table.c if column.name.endswith("_name")] == columns
    assert release.name_values("Ada") == dict.fromkeys(columns, "Ada")
    read = ", ".join(f"users.{column}" for column in columns)
    assert str(shown_name(table, release).element) == f"coalesce({read})"


def test_neighbouring_releases_fit_one_database_and_the_contract_shuts_the_old_ones_out() -> None:
    releases = [Release(version=version, **levels) for version, levels in RELEASES.items()]
    for older, newer in itertools.pairwise(releases):
        expanded = newer.level if newer.version != "v1.4.0" else newer.level - 1
        assert older.refuses(expanded, 1) is None
        assert newer.refuses(expanded, 1) is None
    fits = [one.version for one in releases if one.refuses(6, 5) is None]
    assert fits == ["v1.3.0", "v1.4.0"]
