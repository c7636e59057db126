"""What changes between an object in the state and the one a program wants.

Pure; live objects are pruned and compared as the official provider does it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from local.plugins.differences import Change, Difference
from local.plugins.kubernetes.objects import KubeObject, kind_of
from local.plugins.paths import Path, covers
from local.plugins.values import Unknown


class _Missing:
    """No value at all, which is not the same as null."""


MISSING = _Missing()


def prune(live: Any, shape: Any) -> Any:
    """What of a live value has a place in `shape`: the rest is the server's own business."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        if not live or not shape:
            return []
        if type(live[0]) is not type(shape[0]):
            return live
        return [prune(a, b) for a, b in zip(live, shape, strict=False)]
    return live


def differences(
    live: KubeObject, wanted: KubeObject, inputs: KubeObject, force_new: Sequence[Path] = ()
) -> list[Difference]:
    """Compare a pruned live object with the one wanted.

    `inputs` is what was asked for last time. Where that is asked for again, a value the server has
    merely written its own way (a quantity, a default that it leaves out) is no difference.
    """
    built_in = kind_of(wanted).built_in
    found = []
    for path, change, value in _compare((), live, wanted):
        if built_in and _same_to_the_server(
            path, at(live, path), at(wanted, path), at(inputs, path)
        ):
            continue
        found.append(Difference(path, change, replaces=_needs_new(path, value, force_new)))
    return found


def _compare(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Change, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compare((*path, key), old.get(key, MISSING), new.get(key, MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _compare((*path, index), at(old, (index,)), at(new, (index,)))
    elif new is MISSING:
        yield path, Change.DELETE, None
    elif old is MISSING:
        yield path, Change.ADD, new
    elif isinstance(new, Unknown) or not _equal(old, new):
        yield path, Change.UPDATE, new


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, bool) != isinstance(new, bool):
        return False
    return bool(old == new)


def at(value: Any, path: Path) -> Any:
    """The value at a path, or `MISSING`."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


_QUANTITY_PARENTS = {
    "limits",
    "requests",
    "hard",
    "capacity",
    "min",
    "max",
    "default",
    "defaultRequest",
}
_QUANTITY_KEYS = {"sizeLimit", "divisor"}
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


def _same_to_the_server(path: Path, live: Any, wanted: Any, before: Any) -> bool:
    if live is MISSING:
        # The server leaves zero values out. Only where the same was asked for before: an added
        # `automountServiceAccountToken: false` is a change.
        return _empty(wanted) and _equal(before, wanted)
    if wanted is MISSING:
        return False
    parent = path[-2] if len(path) > 1 else ""
    if parent in _QUANTITY_PARENTS or path[-1] in _QUANTITY_KEYS:
        amount = quantity(wanted)
        return amount is not None and amount == quantity(live)
    if path[0] == "data" and isinstance(live, str) and isinstance(wanted, str):
        return _same_bytes(live, wanted)
    return False


def _empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_empty(item) for item in value.values())
    if isinstance(value, list):
        return all(_empty(item) for item in value)
    return value in ("", 0, False, None)


def _same_bytes(one: str, other: str) -> bool:
    try:
        return base64.b64decode(one, validate=True) == base64.b64decode(other)
    except ValueError:
        return False


def quantity(value: Any) -> Decimal | None:
    """A Kubernetes quantity ("500m", "1Gi", 2) as a number; None for anything else."""
    if isinstance(value, bool):
        return None
    matched = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})", str(value))
    if matched is None or matched[2] not in _SUFFIXES:
        return None
    try:
        return Decimal(matched[1]) * _SUFFIXES[matched[2]]
    except InvalidOperation:
        return None


def _needs_new(path: Path, value: Any, force_new: Sequence[Path]) -> bool:
    for pattern in force_new:
        if covers(pattern, path):
            return True
        if covers(path, pattern) and at(value, pattern[len(path) :]) is not MISSING:
            return True
    return False
