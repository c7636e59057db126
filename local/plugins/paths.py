"""Paths to properties, as the engine writes them: `spec.containers[0]`, `tags["a.b"]`."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """A property path in the engine's notation."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[."\[\]]', step):
            escaped = step.replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{step}" if text else step
    return text


def parse_path(text: str) -> Path:
    """The reverse of `path_text`; `*` stays as it is."""
    steps: list[str | int] = []
    for plain, index, quoted in re.findall(
        r'([^.\[\]"]+)(?=[.\[]|$)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]', text
    ):
        if quoted:
            steps.append(quoted.replace('\\"', '"'))
        elif index:
            steps.append(index if index == "*" else int(index))
        else:
            steps.append(plain)
    return tuple(steps)


def covers(pattern: Path, path: Path) -> bool:
    """Whether an `ignoreChanges` path speaks for a property, its own or one above it."""
    return len(pattern) <= len(path) and all(
        want in ("*", step) for want, step in zip(pattern, path, strict=False)
    )
