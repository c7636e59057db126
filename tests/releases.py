"""Releases as journals have them."""

from typing import Any

from ops.color import Color
from ops.release.entry import Release
from ops.release.step import Step


def a_release(version: str = "v2", step: Step = Step.PREFLIGHT, **more: Any) -> Release:
    """One of green that stands at a step."""
    return Release(
        id="1",
        version=version,
        color=Color.GREEN,
        by="somebody",
        started="2026-01-01T00:00:00Z",
        step=step,
    ).updated(**more)
