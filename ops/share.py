"""Whether the public host answers with the colors that the route says, in the right shares."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import names, web
from ops.color import Color

if TYPE_CHECKING:
    import httpx2

WHOLE: Final = 20
"""Requests that must all be right when one color has everything."""
MIXED: Final = 200
"""Requests from which a share is judged."""
SIGMAS: Final = 5.0
"""How far a share may be off, in standard deviations: one false alarm in two million looks."""


@dataclass(frozen=True)
class Answer:
    """One answer: its status (0: none came), the route's color and the application's own."""

    status: int
    routed: str
    app: str
    problem: str = ""


def ask(
    url: str,
    paths: Sequence[str],
    count: int,
    before_each: Callable[[], object] = lambda: None,
) -> list[Answer]:
    """Send up to `count` requests without cookies, in turn to each path, on one connection.

    The first that `judge` would find bad is the last one: each may take some seconds to fail, and
    more of them change nothing. `before_each` is called right before each request.
    """
    answers: list[Answer] = []
    with web.client(url) as client:
        for index in range(count):
            before_each()
            answers.append(_answer(client, paths[index % len(paths)]))
            if _bad(answers[-1]):
                break
    return answers


def _answer(client: httpx2.Client, path: str) -> Answer:
    import httpx2  # noqa: PLC0415 most runs send no request, and it takes a while

    try:
        response = client.get(path)
    except httpx2.HTTPError as error:
        return Answer(0, "", "", f"{type(error).__name__}: {error}")
    client.cookies.clear()
    return Answer(
        response.status_code,
        response.headers.get(names.COLOR_HEADER, ""),
        response.headers.get(names.APP_COLOR_HEADER, ""),
    )


def count_for(weights: Mapping[Color, int]) -> int:
    """How many answers `judge` wants for these weights."""
    return MIXED if sum(1 for weight in weights.values() if weight) > 1 else WHOLE


def judge(answers: Iterable[Answer], weights: Mapping[Color, int]) -> str:
    """What is wrong with the answers, in a sentence; empty when they fit the weights (percent)."""
    answers = list(answers)
    if not answers:
        return "no request was sent"
    for answer in answers:
        if problem := _bad(answer):
            return problem
    seen = Counter(answer.routed or answer.app for answer in answers)
    for color in Color:
        share = weights.get(color, 0) / 100
        expected = share * len(answers)
        tolerance = SIGMAS * math.sqrt(len(answers) * share * (1 - share))
        if abs(seen[color] - expected) > tolerance:
            return (
                f"{color} gave {seen[color]} of {len(answers)} answers; "
                f"its weight is {weights.get(color, 0)} %"
            )
    return ""


def _bad(answer: Answer) -> str:
    """What is wrong with one answer, whatever the weights are."""
    if answer.problem:
        return f"no answer: {answer.problem}"
    if answer.status >= 500:
        return f"an answer of {answer.routed or 'no color'} has status {answer.status}"
    if (answer.routed or answer.app) not in set(Color):
        return f"an answer (status {answer.status}) does not say which color it comes from"
    if answer.routed and answer.app and answer.app != answer.routed:
        return (
            f"the route chose {answer.routed} but the application that answered runs as "
            f"{answer.app}: a Service selects the wrong pods"
        )
    return ""
