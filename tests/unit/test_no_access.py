"""What is told apart: no rights, where asking again is in vain, and no answer right now."""

from pathlib import Path

import pytest

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


def test_an_unknown_context_is_a_matter_of_set_up(machine: Machine) -> None:
    machine.let_in({"server": "http://127.0.0.1:1"})
    with pytest.raises(NoAccess, match="the context 'nonesuch'"):
        Cluster.connect("legal-ai", context="nonesuch")
