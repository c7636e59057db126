"""What of a stack's configuration a shift of traffic reads, as `Stack.config` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.color import Color


def serial(config: Mapping[str, Any]) -> int:
    """The configuration's serial."""
    return int(config.get("legal-ai:serial") or 0)


def configured(config: Mapping[str, Any]) -> dict[str, str]:
    """Who serves by the configuration, under the keys that a shift writes."""
    return {
        "activeColor": str(config.get("legal-ai:activeColor") or Color.BLUE),
        "canaryWeight": str(config.get("legal-ai:canaryWeight") or 0),
    }


def version_of(config: Mapping[str, Any], color: Color) -> str:
    """The version that the configuration has for a color; empty where it has none."""
    return str((config.get(f"legal-ai:{color}") or {}).get("version") or "")
