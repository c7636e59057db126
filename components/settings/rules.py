"""All rules that span keys; each yields the problems it finds and asks nothing of unsound parts."""

from itertools import chain
from typing import Final

from components.settings import (
    rules_of_agent,
    rules_of_data,
    rules_of_database,
    rules_of_services,
    rules_of_traffic,
)
from components.settings.problem import Problem
from components.settings.sound import Sound

_RULES: Final = (
    *rules_of_traffic.RULES,
    *rules_of_services.RULES,
    *rules_of_data.RULES,
    *rules_of_database.RULES,
    *rules_of_agent.RULES,
)


def check(sound: Sound) -> list[Problem]:
    """Everything the rules find."""
    return list(chain.from_iterable(rule(sound) for rule in _RULES))
