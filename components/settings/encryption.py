"""Which secrets of a configuration stand there in plain text."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from components.settings import schema
from components.settings.problem import Problem, join, set_secret_command, typed


def plain_secrets(
    raw: Mapping[str, Any], encrypted: Collection[str], stack_file: Mapping[str, Any] | None
) -> list[Problem]:
    """Secrets that are set but not encrypted.

    `encrypted` has the top-level keys with anything encrypted in them; that is all the engine
    tells a program. `stack_file` is the parsed stack file, where each value shows by itself; what
    it says counts only for values that are in use.
    """
    return [
        Problem(
            typed(path),
            "is a secret and stands in plain text",
            "an encrypted value only. What stood here must be taken for known: change it",
            set_secret_command(path),
        )
        for path, value in _secrets(raw)
        if typed(path.partition(".")[0]) not in encrypted or _in_file(stack_file, path) == value
    ]


def _secrets(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each secret value that is set, with its path."""
    for path in schema.secret_keys():
        value = _at(raw, path)
        if isinstance(value, Mapping):
            yield from ((join(path, name), each) for name, each in value.items())
        elif value is not None:
            yield path, value


def _in_file(stack_file: Mapping[str, Any] | None, path: str) -> Any:
    """The value as it stands in the stack file; None where it is encrypted or not there."""
    config = (stack_file or {}).get("config") or {}
    section, _, rest = path.partition(".")
    value = config.get(typed(section), config.get(section))
    return _at(value, rest) if isinstance(value, Mapping) and rest else value


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
