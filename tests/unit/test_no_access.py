"""What is told apart: no rights, where asking again is in vain, and no answer right now."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ops import kubeconfig
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut, NoAccess
from tests.unit.stranger import Machine, api_server_that_forbids


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("code", "told", "exit_code"),
    [
        (401, "Unauthorized", 2),
        (403, 'configmaps "x" is forbidden: User "nobody" cannot get', 2),
        (403, 'httproutes "x" is forbidden: ValidatingAdmissionPolicy "p" denied request: held', 3),
        (422, "invalid", 3),
    ],
)
def test_rights_are_a_matter_of_set_up_and_a_policy_s_no_is_not(
    machine: Machine, code: int, told: str, exit_code: int
) -> None:
    with api_server_that_forbids(code, told) as cluster:
        machine.let_in(cluster)
        with pytest.raises(CouldNotFindOut, match=told.partition(" ")[0]) as raised:
            Cluster.connect("legal-ai").get("ConfigMap", "x")
    assert raised.value.exit_code == exit_code


def test_who_looks_at_many_things_learns_first_that_he_has_no_rights_and_no_more(
    machine: Machine,
) -> None:
    with api_server_that_forbids() as cluster:
        machine.let_in(cluster)
        with pytest.raises(NoAccess):
            Cluster.connect("legal-ai").require_access()
    with api_server_that_forbids(422, "invalid") as cluster:
        machine.let_in(cluster)
        Cluster.connect("legal-ai").require_access()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: [b\nc: d", "line 2 is not YAML"),
        ("token: of-nobody\n\ttab", "line 2 is not YAML"),
        ("", "it is empty"),
        ("just words", "it is empty, or not what it should be"),
        ("current-context: it\nclusters: []\n", "there is no 'contexts'"),
        ("current-context: it\nclusters: []\ncontexts: []\n", "Context 'it' not found"),
    ],
)
def test_a_kubeconfig_that_cannot_be_read_is_named_with_what_is_wrong_with_it(
    machine: Machine, content: str, told: str
) -> None:
    path = machine.set_up(content)
    with pytest.raises(NoAccess, match=told) as raised:
        Cluster.connect("legal-ai")
    assert str(path) in str(raised.value)
    assert "of-nobody" not in str(raised.value)


PLUGINS = {
    "nonesuch": "No such file",
    "says no": "returned 1: The SSO session has expired",
    "hangs": "did not end within 0.3 s",
    "says nothing": "it is empty",
    "says something else": "there is no 'status'",
}


@pytest.mark.parametrize(("name", "told"), PLUGINS.items(), ids=PLUGINS)
def test_a_program_that_gives_no_credentials_is_a_matter_of_set_up_and_is_named(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    if name == "hangs":
        monkeypatch.setattr(kubeconfig, "PROGRAM_SECONDS", 0.3)
    printed = {
        "hangs": "exec sleep 60",
        "says no": "echo 'The SSO session has expired' >&2; exit 1",
        "says nothing": "exit 0",
        "says something else": "echo '{}'",
    }
    program = tmp_path / "get-token"
    if name in printed:
        program.write_text(f"#!/bin/sh\n{printed[name]}\n")
        program.chmod(0o755)
    path = machine.let_in_by_program({"server": "http://127.0.0.1:1"}, program)
    cluster = Cluster.connect("legal-ai")
    asks: list[Callable[[], object]] = [
        lambda: cluster.get("ConfigMap", "x"),
        lambda: next(cluster.changes("Pod", "x")),
    ]
    for ask in asks:
        with pytest.raises(NoAccess, match=told) as raised:
            ask()
        assert str(path) in str(raised.value)
        assert str(program) in str(raised.value)


def test_a_program_that_gives_credentials_has_the_api_server_asked_with_them(
    machine: Machine, tmp_path: Path
) -> None:
    program = tmp_path / "get-token"
    program.write_text('#!/bin/sh\necho \'{"status": {"token": "right"}}\'\n')
    program.chmod(0o755)
    with api_server_that_forbids(422, "invalid") as cluster:
        machine.let_in_by_program(cluster, program)
        with pytest.raises(CouldNotFindOut, match="422: invalid") as raised:
            Cluster.connect("legal-ai").get("ConfigMap", "x")
    assert raised.value.exit_code == 3


def test_an_unknown_context_is_a_matter_of_set_up(machine: Machine) -> None:
    machine.let_in({"server": "http://127.0.0.1:1"})
    with pytest.raises(NoAccess, match="the context 'nonesuch'"):
        Cluster.connect("legal-ai", context="nonesuch")
