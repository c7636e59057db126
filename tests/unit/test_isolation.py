"""The namespace shut off and reopened: whole, whoever is killed where, and never by chance."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable
from typing import Any

import pytest

from ops import isolation, names, routing, share
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.incident import shutting
from ops.incident.shutting import Outside
from ops.isolation import Isolation
from ops.rollback.journal import Outcome
from ops.share import Answer
from tests.killed import Killed, Places
from tests.unit.rollback_cluster import BLUE, RollbackCluster, rollback
from tests.unit.test_rollback_run import begun
from tests.unit.test_routing import SITE

WHY = Isolation("stolen keys", "2026-01-01T12:00:00Z", "me")
Body = dict[str, Any]


class Namespace(RollbackCluster):
    """With the previews that a program declares, too."""

    def __init__(self, *, nginx: bool) -> None:
        super().__init__(nginx=nginx)
        for color in Color:
            body = (
                routing.preview_ingress(SITE, color)
                if nginx
                else routing.preview_route(SITE, color, Color)
            )
            self.put(body["kind"], body["metadata"]["name"], body)

    def list_if_known(self, kind: str) -> builtins.list[Body]:
        return self.list(kind, {})

    @property
    def routes(self) -> dict[str, Body]:
        """Every route without its version."""
        found = {}
        for (kind, name), body in self.objects.items():
            if kind in {"HTTPRoute", "Ingress"}:
                metadata = {k: v for k, v in body["metadata"].items() if k != "resourceVersion"}
                notes = {"annotations": body["metadata"].get("annotations") or {}}
                found[name] = copy.deepcopy({**body, "metadata": metadata | notes})
        return found

    def is_shut(self) -> bool:
        return all(isolation.is_detached(body) for body in self.routes.values())


@pytest.fixture(params=["gateway-api", "ingress-nginx"])
def namespace(request: pytest.FixtureRequest) -> Namespace:
    return Namespace(nginx=request.param == "ingress-nginx")


def test_nobody_gets_in_by_any_route_and_afterwards_all_is_as_it_was(namespace: Namespace) -> None:
    before, weights = namespace.routes, namespace.weights
    stands, taken = isolation.isolate(namespace, WHY)
    assert (stands, len(taken)) == (WHY, len(before))
    assert namespace.is_shut()
    assert namespace.weights == weights
    assert len(isolation.reopen(namespace)) == len(before)
    assert namespace.routes == before
    assert Isolation.read(namespace) is None


def test_done_twice_it_writes_nothing_more_and_the_first_reason_stays(namespace: Namespace) -> None:
    isolation.isolate(namespace, WHY)
    namespace.writes.clear()
    again = Isolation("another reason", "later", "somebody else")
    assert isolation.isolate(namespace, again) == (WHY, [])
    assert namespace.writes == []
    isolation.reopen(namespace)
    assert isolation.reopen(namespace) == []


@pytest.mark.parametrize("act", [lambda n: isolation.isolate(n, WHY), isolation.reopen])
def test_killed_at_any_write_and_run_again_it_ends_as_if_it_had_not_been(
    act: Callable[[Namespace], Any], namespace: Namespace
) -> None:
    closing = act is not isolation.reopen
    before = namespace.routes
    if not closing:
        isolation.isolate(namespace, WHY)
    start = copy.deepcopy(namespace.objects)
    killed_at = 0
    while True:
        namespace.objects = copy.deepcopy(start)
        left = iter(range(killed_at))

        def die(_: str, left: Any = left) -> None:
            if next(left, None) is None:
                raise Killed

        namespace.before_write = die
        try:
            act(namespace)
        except Killed:
            namespace.before_write = lambda _: None
            act(namespace)
        else:
            break
        if closing:
            assert namespace.is_shut()
            assert Isolation.read(namespace) == WHY
            isolation.reopen(namespace)
        assert namespace.routes == before
        assert Isolation.read(namespace) is None
        killed_at += 1
    assert killed_at >= 4


def test_reopening_that_was_killed_can_be_followed_by_isolating_anew(namespace: Namespace) -> None:
    before = namespace.routes
    isolation.isolate(namespace, WHY)
    left = iter(range(1))

    def die(_: str) -> None:
        if next(left, None) is None:
            raise Killed

    namespace.before_write = die
    with pytest.raises(Killed):
        isolation.reopen(namespace)
    namespace.before_write = lambda _: None
    isolation.isolate(namespace, WHY)
    marked = [each["metadata"]["annotations"] for each in namespace.routes.values()]
    assert all(isolation.ISOLATED in notes for notes in marked)
    isolation.reopen(namespace)
    assert namespace.routes == before


def test_somebody_who_writes_a_route_at_the_same_moment_does_not_keep_it_open(
    namespace: Namespace,
) -> None:
    once = iter([True])

    def interfere(what: str) -> None:
        if what.startswith("patch") and next(once, False):
            _, kind, name = what.split()
            namespace.put(kind, name, namespace.objects[kind, name])

    namespace.before_write = interfere
    isolation.isolate(namespace, WHY)
    assert namespace.is_shut()


def test_a_record_that_cant_be_understood_is_no_open_door(namespace: Namespace) -> None:
    namespace.put("ConfigMap", names.ISOLATION, {"metadata": {}, "data": None})
    assert "is isolated since an unknown time by somebody" in str(Isolation.read(namespace))


def test_an_ingress_that_had_no_class_has_none_again() -> None:
    namespace = Namespace(nginx=True)
    del namespace.objects["Ingress", routing.MAIN_INGRESS]["spec"]["ingressClassName"]
    before = namespace.routes
    isolation.isolate(namespace, WHY)
    assert namespace.is_shut()
    isolation.reopen(namespace)
    assert namespace.routes == before


def test_a_rollback_moves_what_the_route_says_and_lets_nobody_in(namespace: Namespace) -> None:
    isolation.isolate(namespace, WHY)
    runner = rollback(namespace, public_url=lambda: "http://127.0.0.1:1")
    ended = runner.resume(begun(runner))
    assert (ended.outcome, ended.notes) == (Outcome.ROLLED_BACK, ())
    assert namespace.weights == {BLUE: 100}
    assert namespace.is_shut()


SHUT, OURS, NOBODY = Answer(404, "", ""), Answer(200, "blue", "blue"), Answer(0, "", "", "refused")


def outside(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> Outside:
    """One address that answers so, the last answer for ever; waiting takes no time."""
    left, now = list(answers), [0.0]

    def ask(*_: object) -> list[Answer]:
        return [left.pop(0) if len(left) > 1 else left[0]]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(share, "ask", ask)
    return Outside(("http://legal-ai",), clock=lambda: now[0], sleep=sleep)


def test_it_is_over_once_nobody_gets_in_by_the_gateway(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    place = outside(monkeypatch, OURS, OURS, SHUT)
    assert shutting.shut(namespace, WHY, place, said.append) == WHY
    assert said[-1] == "nobody gets in"
    assert len(said) == len(namespace.routes) + 1


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [(OURS, Refused, "still answers"), (NOBODY, CouldNotFindOut, "can't be seen from here")],
)
def test_what_is_not_seen_to_be_shut_is_not_called_so(
    answer: Answer, kind: type[Exception], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(kind, match=told):
        outside(monkeypatch, answer).require_shut()


def test_killed_before_it_looked_from_outside_it_looks_when_it_is_done_again(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Places(monkeypatch)
    places.armed = "isolate.detached"
    place, said = outside(monkeypatch, OURS, SHUT), list[str]()
    with pytest.raises(Killed):
        shutting.shut(namespace, WHY, place, said.append)
    assert namespace.is_shut()
    assert "nobody gets in" not in said
    assert shutting.shut(namespace, WHY, place, said.append) == WHY
    assert said[-1] == "nobody gets in"


def test_where_no_address_is_known_it_is_done_and_not_said_to_have_been_seen(
    namespace: Namespace,
) -> None:
    with pytest.raises(CouldNotFindOut, match="every route is off its gateway; what people see"):
        shutting.shut(namespace, WHY, Outside(()), lambda _: None)
    assert namespace.is_shut()


@pytest.mark.parametrize("answer", [SHUT, NOBODY])
def test_what_is_open_again_and_does_not_answer_is_said(
    answer: Answer, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolation.isolate(namespace, WHY)
    with pytest.raises(Refused, match="does not answer as the application"):
        shutting.open_again(namespace, outside(monkeypatch, answer), lambda _: None)
    assert not namespace.is_shut()
