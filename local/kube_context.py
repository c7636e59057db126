"""An existing cluster instead of ours: one context, taken out of the user's own kubeconfig."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from local.addresses import KUBE_CONTEXT
from local.problems import Problem

Config = dict[str, Any]


def sources() -> list[Path]:
    """Return the files in which kubectl would look."""
    given = os.environ.get("KUBECONFIG", "")
    paths = [Path(word) for word in given.split(":") if word] or [Path.home() / ".kube" / "config"]
    return [path for path in paths if path.exists()]


def load(paths: Iterable[Path]) -> Config:
    """Merge kubeconfigs as kubectl does (first one wins), relative paths made absolute."""
    merged: Config = {"clusters": [], "users": [], "contexts": []}
    for path in paths:
        found = yaml.safe_load(path.read_text()) or {}
        for kind in merged:
            known = {entry["name"] for entry in merged[kind]}
            fresh = [entry for entry in found.get(kind) or [] if entry["name"] not in known]
            merged[kind] += [_absolute(entry, path.resolve().parent) for entry in fresh]
    return merged


def problems(config: Config, name: str, searched: list[Path]) -> list[Problem]:
    """Say what is wrong with the context `name`, if anything is."""
    names = [entry["name"] for entry in config["contexts"]]
    if name in names:
        return []
    where = ", ".join(str(path) for path in searched) or "~/.kube/config, which does not exist"
    return [
        Problem(
            f"there is no context {name!r} in {where}",
            f"name one of: {', '.join(names)}" if names else "set KUBECONFIG to a file that has it",
        )
    ]


def single(config: Config, name: str) -> Config:
    """Return a kubeconfig with just the context `name`, called as stack `local` expects it."""
    context = dict(_named(config["contexts"], name)["context"])
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": KUBE_CONTEXT,
        "clusters": [_named(config["clusters"], context["cluster"])],
        "users": [_named(config["users"], context["user"])],
        "contexts": [{"name": KUBE_CONTEXT, "context": context}],
    }


def state_folder(name: str) -> str:
    """Return the folder of Pulumi's state for that cluster: never the one of ours."""
    return "state-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name)


def _named(entries: list[Config], name: str) -> Config:
    return next(entry for entry in entries if entry["name"] == name)


def _absolute(entry: Config, folder: Path) -> Config:
    """Return a cluster or user whose file names no longer depend on where the file lies."""
    result = dict(entry)
    for kind in ("cluster", "user"):
        values = dict(result.get(kind) or {})
        for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
            if key in values:
                values[key] = str(folder / values[key])
        if values:
            result[kind] = values
    return result
