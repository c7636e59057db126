"""The way back past Pulumi: the rollback that the agent and `emergency_rollback.py` do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ops.errors import Refused
from ops.rollback.by_hand import Wish, roll_back

if TYPE_CHECKING:
    from ops.rollback.run import Rollback
    from ops.shift.entry import Shift


def way_back(connect: Callable[[], Rollback]) -> Callable[[Shift, str], None]:
    """What takes all traffic from a shift's target and leaves a hold on it.

    It raises Refused where a rollback would be wrong or did not work, CouldNotFindOut where the
    cluster does not answer.
    """

    def go(shift: Shift, reason: str) -> None:
        rollback = connect()
        found = rollback.open()
        if found is not None and found.color != shift.target:
            raise Refused(
                f"{found} is open, which says that {found.color} fails and gives {found.target} "
                "everything. Both can't be right, so a human has to say which color serves"
            )
        roll_back(rollback, Wish(shift.target, reason, shift.by))

    return go
