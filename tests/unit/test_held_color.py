"""What the program declares so that the API server guards a hold; tests/e2e has what that does."""

from typing import Any

from tests.unit.engine import Program, run, stack_file

NAME = "legal-ai-held-color.production"


def declared(**sections: dict[str, Any]) -> Program:
    found = stack_file("production")
    for section, changes in sections.items():
        found[f"legal-ai:{section}"] = {**found.get(f"legal-ai:{section}", {}), **changes}
    return run("production", found)


def spec(program: Program, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = program.of(kind)[NAME].inputs["spec"]
    return found


def test_what_cant_be_judged_is_refused_and_refused_is_denied() -> None:
    program = declared()
    assert spec(program, "ValidatingAdmissionPolicy")["failurePolicy"] == "Fail"
    assert spec(program, "ValidatingAdmissionPolicyBinding")["validationActions"] == ["Deny"]


def test_it_has_no_parameter() -> None:
    """An API server may stop reading those, and then lets everything pass without a word."""
    program = declared()
    assert "paramKind" not in spec(program, "ValidatingAdmissionPolicy")
    assert "paramRef" not in spec(program, "ValidatingAdmissionPolicyBinding")


def test_it_looks_at_routes_of_its_own_namespace_and_at_no_others() -> None:
    """It is an object of the whole cluster: another stack's hold is none of its business."""
    program = declared()
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "production"}}}
    constraints = spec(program, "ValidatingAdmissionPolicy")["matchConstraints"]
    assert constraints["namespaceSelector"] == here["namespaceSelector"]
    assert spec(program, "ValidatingAdmissionPolicyBinding")["matchResources"] == here
    assert {tuple(rule["resources"]) for rule in constraints["resourceRules"]} == {
        ("httproutes",),
        ("ingresses",),
    }


def test_a_stack_without_rights_on_the_cluster_can_do_without_it() -> None:
    program = declared(gate={"admissionPolicy": False})
    assert not program.of("ValidatingAdmissionPolicy")
    assert not program.of("ValidatingAdmissionPolicyBinding")
