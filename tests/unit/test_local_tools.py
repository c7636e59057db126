"""Which programs are used: what is built again, which Pulumi, and what a shell is given."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from local import env, kube_context, pulumi_tools
from local.builds import Build, Builder, kubernetes_version, required_version
from local.parts.aws import changes
from local.places import Places
from local.prerequisites import go_version


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "a clone's folder")
    made.make_folders()
    return made


def test_a_build_is_done_again_only_when_its_module_changes(places: Places) -> None:
    build, builder = Build("tool", ("example.org/cmd/tool",)), Builder(places)
    module = places.build_modules / "tool"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module tool\n")
    assert not builder.is_built(build)
    executable(places.bin / "tool")
    (places.bin / ".tool.stamp").write_text(builder._fingerprint(build))
    assert builder.is_built(build)
    (module / "go.mod").write_text("module tool\n\ngo 1.26\n")
    assert not builder.is_built(build)


def test_the_programs_tell_the_version_that_go_mod_requires() -> None:
    text = "require (\n\tk8s.io/kubernetes v1.34.4 // indirect\n\tk8s.io/kubernetes-x v9.0.0\n)\n"
    assert required_version(text, "k8s.io/kubernetes") == "v1.34.4"
    assert "gitMinor=34" in kubernetes_version("v1.34.4")
    with pytest.raises(ValueError, match="does not require"):
        required_version(text, "k8s.io/api")


def test_the_official_pulumi_is_used_only_with_its_language_host(
    places: Places, tmp_path: Path
) -> None:
    official, home = tmp_path / "official", tmp_path / "home"
    executable(places.bin / "pulumi")  # ours does not count
    executable(official / "pulumi")
    path = f"{places.bin}:{official}"
    assert pulumi_tools.find(places, path, home).command is None
    executable(official / "pulumi-language-python")
    assert pulumi_tools.find(places, path, home).command == official / "pulumi"


@pytest.mark.parametrize("cloud", ["kubernetes", "aws"])
def test_the_newest_official_provider_is_used_and_said_to_be(
    places: Places, tmp_path: Path, cloud: str
) -> None:
    plugins, program = tmp_path / ".pulumi" / "plugins", f"pulumi-resource-{cloud}"
    for version in ("v4.9.0", "v4.34.1"):
        executable(plugins / f"resource-{cloud}-{version}" / program)
    tools = pulumi_tools.find(places, "", tmp_path)
    assert set(tools.providers) == {program}
    assert tools.providers[program].parent.name == f"resource-{cloud}-v4.34.1"
    said = tools.in_use("v3.259.0")
    assert sum("v4.34.1" in line for line in said) == 1
    assert sum("stand-in" in line for line in said) == 1
    pulumi_tools.install(places, tools)
    assert (places.plugins / program).resolve() == tools.providers[program]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_sourcing_the_environment_twice_is_sourcing_it_once(places: Places, shell: str) -> None:
    values = env.variables(places)
    places.env.write_text(env.render(places, values))
    script = '. "$0"; before=$PATH; . "$0"; test "$before" = "$PATH" || exit 1; env -0'
    shown = subprocess.run(
        [shell, "-c", script, str(places.env)],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = dict(line.split("=", 1) for line in shown.split("\0") if line)
    assert values.items() <= found.items()
    assert found["PATH"].startswith(f"{places.plugins}:{places.bin}:")
    assert "PYTHONDONTWRITEBYTECODE" not in found


def test_one_context_is_taken_out_of_a_kubeconfig(tmp_path: Path) -> None:
    config = {
        "contexts": [
            {"name": "mine", "context": {"cluster": "c", "user": "u", "namespace": "n"}},
            {"name": "other", "context": {"cluster": "d", "user": "v"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://c", "certificate-authority": "ca.crt"}},
            {"name": "d", "cluster": {"server": "https://d"}},
        ],
        "users": [{"name": "u", "user": {"token": "t"}}, {"name": "v", "user": {"token": "w"}}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    merged = kube_context.load([path])
    single = kube_context.single(merged, "mine")
    assert single["current-context"] == single["contexts"][0]["name"] == "legal-ai-local"
    assert [user["name"] for user in single["users"]] == ["u"]
    assert single["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")
    [problem] = kube_context.problems(merged, "none", [path])
    assert "mine, other" in problem.remedy


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26)),
        ("go version go1.9 linux", (1, 9)),
        ("no", None),
    ],
)
def test_the_version_of_go_is_read(text: str, version: tuple[int, int] | None) -> None:
    assert go_version(text) == version


def test_only_requests_that_change_something_are_replayed() -> None:
    def request(method: str, target: str = "", body: str = "") -> str:
        return json.dumps({"method": method, "headers": {"X-Amz-Target": target}, "body": body})

    assert not changes(request("GET"))
    assert not changes(request("HEAD"))
    assert not changes(request("POST", target="TrentService.GetKeyPolicy"))
    assert not changes(request("PUT")[:-3])  # cut off when moto was killed
    assert not changes(request("POST", body="Action=DescribeDBInstances&Version=2014-10-31"))
    assert not changes(request("POST", target="secretsmanager.ListSecrets"))
    assert changes(request("POST", body="Action=CreateDBInstance&Version=2014-10-31"))
    assert changes(request("POST", target="secretsmanager.CreateSecret"))
    assert changes(request("PUT"))
