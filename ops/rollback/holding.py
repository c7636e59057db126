"""The hold that announces a rollback: written before anything is done, taken back if nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ops import config_map, names
from ops.hold import Hold
from ops.rollback.journal import Operation
from ops.rollback.request import Kind

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster


class Superseded(Exception):
    """The hold is not what the rollback was decided by: the reason, for people."""


def announce(cluster: Cluster, operation: Operation) -> None:
    """Write the hold, unless one says the same: from here on no `up` gives the color weight.

    Raises Superseded, CouldNotFindOut.
    """

    def announced(data: Mapping[str, str] | None) -> Mapping[str, str] | None:
        if data is None:
            _require_announcing(operation)
        elif _says_the_same(data, operation):
            return None
        return _hold_of(operation).to_data()

    config_map.change(cluster, names.HOLD, announced)


def take_back(cluster: Cluster, operation: str, found_hold: Mapping[str, str] | None) -> None:
    """Take back the hold that the rollback `operation` wrote, if it still stands.

    One that stood before it, `found_hold`, returns.
    """
    found = cluster.get("ConfigMap", names.HOLD)
    if found is None or Hold.from_data(found.get("data")).operation != operation:
        return
    if found_hold is None:
        cluster.delete("ConfigMap", names.HOLD)
    else:
        _replace(cluster, found, Hold.from_data(found_hold))


def _require_announcing(operation: Operation) -> None:
    if operation.kind is Kind.REASSERT:
        raise Superseded("the hold was lifted meanwhile")


def _says_the_same(data: Mapping[str, str], operation: Operation) -> bool:
    stands = Hold.from_data(data)
    if (stands.color, stands.target) == (operation.color, operation.target):
        return True
    if data != operation.found_hold:
        raise Superseded(f"another rollback came in meanwhile: {stands}")
    return False


def _hold_of(operation: Operation) -> Hold:
    return Hold(
        color=operation.color,
        target=operation.target,
        reason=operation.reason,
        at=operation.began,
        by=operation.by,
        alert=operation.alert,
        operation=operation.id,
    )


def _replace(cluster: Cluster, found: Body, hold: Hold) -> None:
    version = {"resourceVersion": found["metadata"]["resourceVersion"]}
    cluster.patch("ConfigMap", names.HOLD, {"metadata": version, "data": hold.to_data()})
