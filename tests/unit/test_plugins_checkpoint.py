"""The shape of the state, and which of its values are secret."""

from local.plugins.kubernetes import checkpoint
from local.plugins.kubernetes.naming import field_manager, named
from local.plugins.values import UNKNOWN, Secret, has_secret

LIVE = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "a", "uid": "1"},
    "data": {"p": "aHVudGVyMg=="},
}
INPUTS = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": LIVE["data"]}


def test_a_secrets_data_is_secret_wherever_it_stands() -> None:
    state = checkpoint.outputs(INPUTS, LIVE, {}, "manager", "v1")
    assert state["data"] == Secret(LIVE["data"])
    assert state["__inputs"]["data"] == Secret(LIVE["data"])


def test_the_state_is_read_back_without_its_own_keys() -> None:
    state = checkpoint.outputs(INPUTS, LIVE, {}, "manager", "v1")
    assert state["__fieldManager"] == "manager"
    assert state["__initialApiVersion"] == "v1"
    assert checkpoint.parse(state) == (INPUTS, LIVE)


def test_only_what_was_given_as_secret_is_secret() -> None:
    given = {"spec": {"env": [{"value": Secret("x")}], "replicas": 1}, "metadata": {"name": "a"}}
    live = {"kind": "Deployment", "spec": {"env": [{"value": "x"}], "replicas": 1}}
    state = checkpoint.outputs(live, live, given, "m", "apps/v1")
    assert state["spec"]["env"] == Secret([{"value": "x"}])
    assert state["spec"]["replicas"] == 1


def test_a_wholly_secret_object_hides_the_whole_of_it() -> None:
    state = checkpoint.outputs({}, {"spec": {"a": {"b": 1}}}, {"spec": Secret({"a": 1})}, "m", "v1")
    assert state["spec"] == Secret({"a": {"b": 1}})


def test_an_owner_reference_to_a_secret_hides_nothing() -> None:
    live = {"kind": "ConfigMap", "metadata": {"ownerReferences": [{"kind": "Secret"}]}}
    assert not has_secret(checkpoint.outputs({}, live, {}, "m", "v1"))


def test_schema_extensions_have_underscores_in_the_state_and_dashes_at_the_server() -> None:
    given = {"schema": [{"x_kubernetes_preserve_unknown_fields": True}]}
    obj = checkpoint.to_object(given)
    assert obj == {"schema": [{"x-kubernetes-preserve-unknown-fields": True}]}
    assert checkpoint.outputs(obj, obj, given, "m", "v1")["schema"] == given["schema"]


def test_an_object_without_a_name_gets_one_that_it_keeps() -> None:
    first = named({"metadata": {}}, {}, "web", b"seed")
    name = first["metadata"]["name"]
    assert name.startswith("web-")
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert named({}, first, "web", b"other")["metadata"]["name"] == name
    assert named({}, {}, "web", b"seed")["metadata"]["name"] == name, "same seed, same name"


def test_a_given_or_an_unknown_name_is_left_alone() -> None:
    for name in ("mine", UNKNOWN):
        wanted = {"metadata": {"name": name}}
        assert named(wanted, {}, "web", b"seed") == wanted


def test_the_engines_proposal_for_a_name_is_taken() -> None:
    assert named({}, {}, "web", b"seed", "web-proposed")["metadata"]["name"] == "web-proposed"


def test_the_field_manager_stays_with_the_object() -> None:
    assert field_manager({}, "remembered") == "remembered"
    chosen = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "team"}}}
    assert field_manager(chosen, "remembered") == "team"
    assert field_manager({}).startswith("pulumi-kubernetes-")
    assert field_manager({}) != field_manager({})
