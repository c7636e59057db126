"""The shape in which an object is kept in Pulumi's state, the official provider's own.

The live object is at the top, what the program asked for under `__inputs`.
"""

from __future__ import annotations

from typing import Any

from local.plugins.kubernetes.objects import KubeObject, kind_of, rename_keys
from local.plugins.values import Properties, Secret, has_secret, reveal

INPUTS = "__inputs"
INITIAL_API_VERSION = "__initialApiVersion"
FIELD_MANAGER = "__fieldManager"


def to_object(properties: Properties) -> KubeObject:
    """Properties as the API server wants them: no secret marks, dashes where it has dashes."""
    plain: KubeObject = rename_keys(reveal(properties), dashed=True)
    return plain


def outputs(
    inputs: KubeObject, live: KubeObject, marked: Properties, field_manager: str, api_version: str
) -> Properties:
    """What goes into the state.

    `marked` are the properties as the program gave them: what is secret there is secret here.
    """
    state: Properties = secret_like(rename_keys(live, dashed=False), marked)
    kept = secret_like(rename_keys(inputs, dashed=False), marked)
    state[INPUTS] = kept
    state[INITIAL_API_VERSION] = api_version
    state[FIELD_MANAGER] = field_manager
    return state


def parse(state: Properties) -> tuple[KubeObject, KubeObject]:
    """The inputs and the live object of a state."""
    plain = to_object(state)
    inputs = plain.pop(INPUTS, {})
    plain.pop(INITIAL_API_VERSION, None)
    plain.pop(FIELD_MANAGER, None)
    return inputs, plain


def secret_like(values: Any, marked: Any) -> Any:
    """A copy in which everything is secret that is secret, or holds a secret, in `marked`.

    Objects are entered, so that one secret does not hide a whole Deployment; lists are not, as
    their order may differ. The data of a Secret is always secret.
    """
    if not isinstance(values, dict):
        return values
    copied: Properties = dict(values)
    if kind_of(copied).kind == "Secret" and isinstance(copied.get("kind"), str):
        for field in ("data", "stringData"):
            if field in copied:
                copied[field] = Secret(reveal(copied[field]))
        return copied
    if not isinstance(marked, dict):
        return copied
    for key, mark in marked.items():
        if key not in copied:
            continue
        if isinstance(mark, dict) and isinstance(copied[key], dict):
            copied[key] = secret_like(copied[key], mark)
        elif has_secret(mark) and not isinstance(copied[key], Secret):
            copied[key] = Secret(copied[key])
    return copied
