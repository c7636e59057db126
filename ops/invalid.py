"""What a text or an object lacks to be of its type, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def told(error: ValidationError, whole: str = "the whole of it", most: int | None = None) -> str:
    """Each wrong field and why, at most `most`, without its value: that may be secret.

    `whole` names what was read, for what is wrong with no field in particular.
    """
    wrong = [
        f"{'.'.join(str(part) for part in each['loc']) or whole}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    ]
    return "; ".join(wrong[:most])
