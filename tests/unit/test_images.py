"""Image archives: the same files make the same bytes, and only changed inputs make a new build.

That the images run is for the local stack's tests.
"""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from local.images import build, engine
from local.images.archive import Image, ImageConfig, Layer, write_images, write_layer
from local.images.checksum import checksum
from local.images.recipe import Recipe
from local.images.releases import AppImage, Release, app_archives
from local.images.workshop import Workshop
from local.problems import CommandFailedError

ROOT = Path(__file__).parents[2]
BACKEND = AppImage("backend", Release("v1.1.0", level=3, needs=2))


def _tree(at: Path, names: list[str]) -> Path:
    for name in names:
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
        path.chmod(0o644)
    (at / "link").symlink_to("b/two")
    return at


def test_a_layer_does_not_depend_on_the_order_or_time_in_which_files_were_made(
    tmp_path: Path,
) -> None:
    names = ["b/two", "a/one", "a.txt"]
    one = write_layer(_tree(tmp_path / "1", names), tmp_path / "1.tar")
    other = write_layer(_tree(tmp_path / "2", names[::-1]), tmp_path / "2.tar")
    assert one.digest == other.digest
    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_layer_belongs_to_root_and_has_no_times(tmp_path: Path) -> None:
    layer = write_layer(_tree(tmp_path / "tree", ["a/one"]), tmp_path / "layer.tar")
    with tarfile.open(layer.path) as tar:
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == ["a", "a/one", "link"]
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries} == {(0, 0, 0)}
    assert entries[-1].linkname == "b/two"


def test_a_layer_of_some_paths_has_their_parents_and_nothing_else(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree", ["app/a/one", "app/b/two", "etc/three"])
    layer = write_layer(tree, tmp_path / "layer.tar", ["app/a"])
    with tarfile.open(layer.path) as tar:
        assert tar.getnames() == ["app", "app/a", "app/a/one"]


def test_an_archive_names_its_tags_configs_and_layers_by_their_digests(tmp_path: Path) -> None:
    base = write_layer(_tree(tmp_path / "base", ["a"]), tmp_path / "base.tar")
    tops = [write_layer(_tree(tmp_path / n, [n]), tmp_path / f"{n}.tar") for n in ("one", "two")]
    config = ImageConfig(command=["run"], architecture="amd64", labels=BACKEND.labels, port=8000)
    images = [Image(f"app:{n}", config, [base, top]) for n, top in enumerate(tops)]
    write_images(tmp_path / "image.tar", images)
    with tarfile.open(tmp_path / "image.tar") as tar:
        names = tar.getnames()
        files = {entry.name: _read(tar, entry) for entry in tar.getmembers()}
    assert names.count(f"{base.digest}.tar") == 1
    for layer in (base, *tops):
        assert hashlib.sha256(files[f"{layer.digest}.tar"]).hexdigest() == layer.digest
    for n, manifest in enumerate(json.loads(files["manifest.json"])):
        assert manifest["RepoTags"] == [f"app:{n}"]
        assert manifest["Layers"] == [f"{base.digest}.tar", f"{tops[n].digest}.tar"]
        described = files[manifest["Config"]]
        assert manifest["Config"] == f"{hashlib.sha256(described).hexdigest()}.json"
        image = json.loads(described)
        assert image["rootfs"]["diff_ids"] == [f"sha256:{one.digest}" for one in (base, tops[n])]
        assert image["config"]["User"] == "10001:10001"
        assert image["config"]["Labels"]["legal-ai-system.com/schema-needs"] == "2"


def _read(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    assert file is not None
    return file.read()


def test_an_interrupted_archive_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    out = tmp_path / "image.tar"
    out.write_text("old")
    missing = Layer(tmp_path / "missing.tar", "0" * 64)
    with pytest.raises(FileNotFoundError):
        write_images(out, [Image("x", ImageConfig(command=[], architecture="amd64"), [missing])])
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_checksum_counts_names_content_and_facts_but_no_bytecode(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "a.py").write_text("1")
    before = checksum(tmp_path, [source], "v1")
    (source / "__pycache__" / "a.pyc").write_text("x")
    assert checksum(tmp_path, [source], "v1") == before
    assert checksum(tmp_path, [source], "v2") != before
    (source / "a.py").write_text("2")
    assert checksum(tmp_path, [source], "v1") != before


def test_there_is_an_image_of_both_services_in_every_release() -> None:
    versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"]
    assert {
        archive.name: [image.tag for image in archive.images] for archive in app_archives(ROOT)
    } == {
        "legal-ai-backend": [f"localhost/legal-ai-backend:{version}" for version in versions],
        "legal-ai-frontend": [f"localhost/legal-ai-frontend:{version}" for version in versions],
    }


def test_only_the_backend_says_schema_levels() -> None:
    assert BACKEND.build_arguments == {
        "VERSION": "v1.1.0",
        "SCHEMA_LEVEL": "3",
        "SCHEMA_NEEDS": "2",
    }
    frontend = AppImage("frontend", BACKEND.release)
    assert frontend.build_arguments == {"VERSION": "v1.1.0"}
    assert not any("schema" in label for label in frontend.labels)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of which only images' inputs exist, with builders that write a word."""
    for service in ("backend", "frontend"):
        (tmp_path / "sample_app" / service).mkdir(parents=True)
    for folder in ("agent", "ops"):
        (tmp_path / folder).mkdir()
    (tmp_path / "requirements-agent.txt").touch()
    backend = tmp_path / "sample_app" / "backend"
    releases = {"v1.0.0": {"level": 1, "needs": 1}, "v1.1.0": {"level": 2, "needs": 1}}
    backend.joinpath("releases.json").write_text(json.dumps(releases))
    monkeypatch.setattr(build, "checksum", _ignoring_builders)
    monkeypatch.setattr(build, "engine_answers", lambda: False)
    monkeypatch.setattr(Workshop, "build", _list_tags)
    return tmp_path


def _ignoring_builders(root: Path, inputs: list[Path], *facts: str) -> str:
    return checksum(root, [one for one in inputs if one.is_relative_to(root)], *facts)


def _list_tags(_: Workshop, images: list[Recipe], out: Path) -> None:
    _write(out, " ".join(image.tag for image in images))


def _write(out: Path, text: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)


def test_images_are_built_once_and_again_when_their_own_source_changes(clone: Path) -> None:
    said: list[str] = []
    first = build.ensure_images(clone, said.append)
    assert [path.name for path in first] == [
        "legal-ai-backend.tar",
        "legal-ai-frontend.tar",
        "legal-ai-agent.tar",
    ]
    assert all(path.exists() for path in first)
    said.clear()
    assert build.ensure_images(clone, said.append) == first
    assert said == []
    (clone / "sample_app" / "frontend" / "page.html").write_text("new")
    build.ensure_images(clone, said.append)
    assert len(said) == 1
    assert "legal-ai-frontend:v1.0.0 to v1.1.0" in said[0]


@pytest.mark.parametrize("changed", ["agent/loop.py", "ops/gate.py", "requirements-agent.txt"])
def test_the_agents_image_is_built_again_when_the_agent_or_its_library_changes(
    clone: Path, changed: str
) -> None:
    build.ensure_images(clone, lambda _: None)
    said: list[str] = []
    (clone / changed).write_text("new")
    build.ensure_images(clone, said.append)
    assert said == ["localhost/legal-ai-agent:local: building from Debian packages"]


def test_a_deleted_tar_is_built_again(clone: Path) -> None:
    backend = build.ensure_images(clone, lambda _: None)[0]
    backend.unlink()
    build.ensure_images(clone, lambda _: None)
    assert backend.exists()


def test_a_docker_engine_that_answers_builds_from_the_dockerfiles(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "engine_answers", lambda: True)
    called: list[list[str]] = []

    def docker(argv: list[str | Path], **_: object) -> str:
        words = [str(word) for word in argv]
        called.append(words)
        if words[1] == "save":
            _write(Path(words[3]), "saved")
        return ""

    monkeypatch.setattr(engine, "run", docker)
    backend, _, agent = build.ensure_images(clone, lambda _: None)
    assert backend.read_text() == agent.read_text() == "saved"
    tags = [f"localhost/legal-ai-backend:{version}" for version in ("v1.0.0", "v1.1.0")]
    for number, tag in enumerate(tags):
        assert called[number] == [
            *("docker", "build", "--tag", tag),
            *("--file", str(clone / "sample_app" / "backend" / "Dockerfile")),
            *("--build-arg", f"VERSION={tag[-6:]}"),
            *("--build-arg", f"SCHEMA_LEVEL={number + 1}", "--build-arg", "SCHEMA_NEEDS=1"),
            str(clone / "sample_app" / "backend"),
        ]
    assert called[2][:3] == ["docker", "save", "--output"]
    assert called[2][4:] == tags
    # The agent's Dockerfile copies from folders that lie beside its own.
    assert called[-2][2:] == [
        *("--tag", "localhost/legal-ai-agent:local"),
        *("--file", str(clone / "agent" / "Dockerfile"), str(clone)),
    ]


def test_where_docker_fails_debian_packages_are_tried_and_it_is_said_why(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise CommandFailedError("no route to the base image")

    monkeypatch.setattr(build, "engine_answers", lambda: True)
    monkeypatch.setattr(build, "build_with_engine", fails)
    said: list[str] = []
    backend = build.ensure_images(clone, said.append)[0]
    assert backend.read_text().startswith("localhost/legal-ai-backend:v1.0.0 ")
    assert any("no route to the base image" in line for line in said)
