""".local/env: what a plain shell needs to use the local stack, and the same as a mapping."""

import os
import shlex

from local.addresses import AWS_URL
from local.places import Places
from local.stack import NodeKind

REGION = "us-east-1"


def variables(
    places: Places, state: str = "state", node: str = NodeKind.CONTAINERS
) -> dict[str, str]:
    """Return the variables but for PATH; `state` is the folder of Pulumi's state in .local."""
    return {
        "KUBECONFIG": str(places.kubeconfig),
        "PULUMI_BACKEND_URL": f"file://{places.local / state}",
        "PULUMI_HOME": str(places.local / "pulumi-home"),
        "PULUMI_CONFIG_PASSPHRASE": "legal-ai-local",
        "PULUMI_STACK": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": AWS_URL,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "LEGAL_AI_NODE": str(node),
    }


def path_folders(places: Places) -> list[str]:
    """Return the folders that go first on PATH, in order."""
    return [str(places.plugins), str(places.bin), str(places.python.parent)]


def render(places: Places, values: dict[str, str]) -> str:
    """Return the text of .local/env, for sh and bash; sourced twice it changes nothing more."""
    lines = ["# Written by `make up`. Use it in a shell: source .local/env"]
    lines += [f"export {key}={shlex.quote(value)}" for key, value in values.items()]
    front = ":".join(path_folders(places))
    lines += [
        f"_front={shlex.quote(front)}",
        'case "$PATH" in "$_front":*) ;; *) export PATH="$_front:$PATH" ;; esac',
        "unset _front PYTHONDONTWRITEBYTECODE AWS_SESSION_TOKEN AWS_PROFILE",
    ]
    return "\n".join(lines) + "\n"


def environment(places: Places, values: dict[str, str]) -> dict[str, str]:
    """Return our own environment as it would be after sourcing .local/env."""
    dropped = {"PYTHONDONTWRITEBYTECODE", "AWS_SESSION_TOKEN", "AWS_PROFILE"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    path = ":".join([*path_folders(places), kept.get("PATH", "")])
    return kept | values | {"PATH": path}
