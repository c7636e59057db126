"""What the node's state says: pods of an earlier run, control groups, what must be unmounted."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from local import cgroups
from local.addresses import AGENT_IMAGE
from local.agent_pods import outdated
from local.down import mount_points
from local.images_import import identities
from local.settle import unsettled


def pod(name: str, *containers: str, ready: bool = True, **state: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "n", "name": name},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [
                {"containerID": f"containerd://{c}", **state} for c in containers
            ],
        },
    }


def test_a_pod_that_is_only_said_to_be_ready_is_waited_for() -> None:
    assert unsettled([pod("back", "1"), pod("stale", "2")], running={"1"}) == ["n/stale"]


def test_a_pod_that_is_not_ready_yet_is_waited_for() -> None:
    assert unsettled([pod("a", "1", ready=False)], running={"1"}) == ["n/a"]


def test_a_pod_that_cannot_come_up_is_not_waited_for() -> None:
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
    assert unsettled([pod("broken", "1", ready=False, **waiting)], running=set()) == []


def test_a_finished_pod_is_not_waited_for() -> None:
    done = pod("job", "1", ready=False)
    done["status"]["phase"] = "Succeeded"
    assert unsettled([done], running=set()) == []


def test_mounts_below_a_folder_are_found_innermost_first() -> None:
    info = "\n".join(
        f"{i} 1 0:1 / {point} rw - tmpfs tmpfs rw"
        for i, point in enumerate(["/", "/a/.local/x", "/a/.local/x/y\\040z", "/a/.locality"])
    )
    assert mount_points(info, Path("/a/.local")) == ["/a/.local/x/y z", "/a/.local/x"]


def test_with_cgroup_v2_the_group_gets_the_controllers_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory\n")
    group = tmp_path / cgroups.name_for(Path("/clone"))
    group.mkdir()
    (group / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
    assert cgroups.ensure(Path("/clone"), tmp_path) == f"/{group.name}"
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+pids"  # the last one written
    (group / "cgroup.controllers").write_text("cpu memory\n")
    assert cgroups.ensure(Path("/clone"), tmp_path) == "/"


def test_with_cgroup_v1_the_group_is_made_in_each_hierarchy_with_the_cpus_of_the_root(
    tmp_path: Path,
) -> None:
    for controller in ("cpuset", "memory"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "tasks").touch()
    name = cgroups.name_for(Path("/clone"))
    assert cgroups.ensure(Path("/clone"), tmp_path) == f"/{name}"
    assert (tmp_path / "memory" / name).is_dir()
    cgroups.remove(Path("/clone"), tmp_path)
    assert not (tmp_path / "memory" / name).exists()


def agent(name: str, image: str, identity: str) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "n", "name": name},
        "spec": {"containers": [{"name": "agent", "image": image}]},
        "status": {"containerStatuses": [{"name": "agent", "imageID": identity}]},
    }


def test_agents_are_replaced_only_if_their_tag_means_another_image_now() -> None:
    now, before = "a" * 64, "b" * 64
    pods = [
        agent("old", AGENT_IMAGE, f"sha256:{before}"),
        agent("new", AGENT_IMAGE, f"sha256:{now}"),
        agent("starting", AGENT_IMAGE, ""),
        agent("another-tag", "localhost/legal-ai-agent:v2", f"sha256:{before}"),
    ]
    pods.append(pods[0] | {"status": {}, "metadata": {"namespace": "n", "name": "pending"}})
    assert outdated(pods, now) == [("n", "old")]


@pytest.mark.parametrize("config", ["{}.json", "blobs/sha256/{}"])
def test_an_image_is_known_by_its_configuration_whoever_made_the_archive(
    tmp_path: Path, config: str
) -> None:
    digest = hashlib.sha256(b"config").hexdigest()
    manifest = [{"Config": config.format(digest), "RepoTags": [AGENT_IMAGE], "Layers": []}]
    content = json.dumps(manifest).encode()
    with tarfile.open(tmp_path / "image.tar", "w") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    assert identities(tmp_path / "image.tar") == {AGENT_IMAGE: digest}
