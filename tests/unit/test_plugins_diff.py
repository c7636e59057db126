"""What a program changes, compared with the live object in the state; pure."""

from typing import Any

import pytest

from local.plugins.differences import Change
from local.plugins.kubernetes.diff import differences, prune, quantity
from local.plugins.kubernetes.force_new import force_new
from local.plugins.kubernetes.objects import KubeObject, normalized
from local.plugins.paths import covers, parse_path, path_text
from local.plugins.values import UNKNOWN

MUTABLE = {"config_maps_mutable": True, "secrets_mutable": True}
IMMUTABLE = {"config_maps_mutable": False, "secrets_mutable": False}


def deployment(**spec: Any) -> KubeObject:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}


def changes(
    old: KubeObject, new: KubeObject, inputs: KubeObject | None = None
) -> dict[str, tuple[Change, bool]]:
    found = differences(old, new, inputs or old, force_new(new, **IMMUTABLE))
    return {d.text: (d.change, d.replaces) for d in found}


def test_an_unchanged_object_has_no_difference() -> None:
    obj = deployment(replicas=2, template={"spec": {"containers": [{"name": "c"}]}})
    assert changes(obj, obj) == {}


def test_a_changed_number_is_an_update_in_place() -> None:
    assert changes(deployment(replicas=1), deployment(replicas=2)) == {
        "spec.replicas": (Change.UPDATE, False)
    }


def test_list_entries_are_compared_one_by_one() -> None:
    old = deployment(containers=[{"name": "a", "image": "x:1"}, {"name": "b"}])
    new = deployment(containers=[{"name": "a", "image": "x:2"}])
    assert changes(old, new) == {
        "spec.containers[0].image": (Change.UPDATE, False),
        "spec.containers[1]": (Change.DELETE, False),
    }


def test_a_value_not_known_yet_is_an_update() -> None:
    assert changes(deployment(replicas=1), deployment(replicas=UNKNOWN)) == {
        "spec.replicas": (Change.UPDATE, False)
    }


def test_true_is_not_one() -> None:
    assert changes(deployment(paused=1), deployment(paused=True))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"matchLabels": {"app": "a"}}, {"matchLabels": {"app": "b"}}),
        ({"matchLabels": {"app": "a"}}, {"matchLabels": {"app": "a", "color": "blue"}}),
    ],
)
def test_another_selector_needs_a_new_deployment(old: Any, new: Any) -> None:
    found = changes(deployment(selector=old), deployment(selector=new))
    assert all(replaces for _, replaces in found.values())
    assert found


def test_a_whole_new_spec_that_holds_a_selector_needs_a_new_deployment() -> None:
    old = {"apiVersion": "apps/v1", "kind": "Deployment"}
    new = {**old, "spec": {"selector": {"matchLabels": {}}}}
    assert changes(old, new) == {"spec": (Change.ADD, True)}


def test_another_name_needs_a_new_object_of_any_kind() -> None:
    def route(name: str) -> KubeObject:
        return {"apiVersion": "x.io/v1", "kind": "Route", "metadata": {"name": name}}

    assert changes(route("a"), route("b")) == {"metadata.name": (Change.UPDATE, True)}


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
@pytest.mark.parametrize(
    ("flags", "sealed", "replaced"),
    [(IMMUTABLE, False, True), (MUTABLE, False, False), (MUTABLE, True, True)],
)
def test_data_is_replaced_unless_it_may_change_in_place(
    kind: str, flags: dict[str, bool], sealed: bool, replaced: bool
) -> None:
    old = {"apiVersion": "v1", "kind": kind, "immutable": sealed, "data": {"a": "Yg=="}}
    new = {**old, "data": {"a": "Yw=="}}
    (found,) = differences(old, new, old, force_new(new, **flags))
    assert (found.text, found.replaces) == ("data.a", replaced)


def test_a_job_template_and_a_pods_image_need_new_objects() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"a": 1}}}
    assert changes(job, {**job, "spec": {"template": {"a": 2}}}) == {
        "spec.template.a": (Change.UPDATE, True)
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a"}]}}
    assert changes(pod, {**pod, "spec": {"containers": [{"image": "b"}]}}) == {
        "spec.containers[0].image": (Change.UPDATE, True)
    }


def test_the_servers_way_to_write_a_quantity_is_no_difference() -> None:
    live = deployment(resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    asked = deployment(resources={"limits": {"cpu": "1000m", "memory": "1024Mi"}})
    assert changes(live, asked, asked) == {}
    more = deployment(resources={"limits": {"cpu": "1500m", "memory": "1024Mi"}})
    assert list(changes(live, more, asked)) == ["spec.resources.limits.cpu"]


def test_a_label_that_looks_like_the_same_quantity_is_a_difference() -> None:
    assert changes(deployment(labels={"v": "1"}), deployment(labels={"v": "1.0"}))


def test_an_empty_value_that_the_server_dropped_is_no_difference() -> None:
    live, asked = deployment(replicas=1), deployment(replicas=1, tolerations=[], hostname="")
    assert changes(live, asked, asked) == {}


def test_an_empty_value_that_is_new_is_a_difference() -> None:
    live, asked = deployment(replicas=1), deployment(replicas=1, automountToken=False)
    assert list(changes(live, asked, live)) == ["spec.automountToken"]


def test_an_empty_map_of_a_custom_resource_stays_a_difference() -> None:
    live = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {}}
    asked = {**live, "metadata": {"annotations": {}}}
    assert list(changes(live, asked, asked)) == ["metadata.annotations"]


def test_what_only_the_server_set_is_pruned() -> None:
    live = {"spec": {"a": 1, "default": 2, "list": [{"x": 1, "y": 2}, {"x": 3}]}, "status": {}}
    assert prune(live, {"spec": {"a": 0, "list": [{"x": 0}]}}) == {
        "spec": {"a": 1, "list": [{"x": 1}]}
    }


def test_a_secrets_text_is_compared_as_the_server_stores_it() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}, "data": {"c": "ZA=="}}
    assert normalized(secret)["data"] == {"a": "Yg==", "c": "ZA=="}
    assert "stringData" not in normalized(secret)


def test_paths_are_written_and_read_as_the_engine_does() -> None:
    path = ("metadata", "annotations", "pulumi.com/skipAwait", "list", 3, "plain")
    text = 'metadata.annotations["pulumi.com/skipAwait"].list[3].plain'
    assert path_text(path) == text
    assert parse_path(text) == path
    assert parse_path("spec.rules[*].weight") == ("spec", "rules", "*", "weight")


def test_an_ignored_path_covers_what_lies_below_it() -> None:
    assert covers(("spec", "rules", "*"), ("spec", "rules", 0, "weight"))
    assert not covers(("spec", "replicas"), ("spec",))


@pytest.mark.parametrize(
    ("text", "number"), [("500m", 0.5), ("1Gi", 2**30), (2, 2), ("1e3", 1000), ("1.5k", 1500)]
)
def test_quantities_are_numbers(text: Any, number: float) -> None:
    assert float(quantity(text) or 0) == number


@pytest.mark.parametrize("text", ["abc", "1.2.3", True, "", "1Zi"])
def test_other_texts_are_no_quantities(text: Any) -> None:
    assert quantity(text) is None
