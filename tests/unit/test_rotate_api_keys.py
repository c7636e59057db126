"""New keys of providers in memory: tried first, written whole, rolled out; killed anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.rotation import api_keys
from ops.rotation.providers import PROVIDERS, Provider
from scripts.rotate_api_keys import given
from tests.killed import Killed, Places
from tests.unit.json_server import JsonServer, json_server
from tests.unit.rotation_world import World

OPENAI, ANTHROPIC = "OPENAI_API_KEY", "ANTHROPIC_API_KEY"
NEW = {OPENAI: "sk-new-openai-key-0123456789", ANTHROPIC: "sk-ant-new-key-0123456789"}
OLD = {OPENAI: "sk-old-openai-key-0123456789", ANTHROPIC: "sk-ant-old-key-0123456789"}


@pytest.fixture
def provider() -> Iterator[JsonServer]:
    with json_server() as server:
        server.answers["GET /v1/models"] = (200, {"data": []})
        yield server


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


class Keys(World):
    def __init__(self, providers: Mapping[str, Provider]) -> None:
        super().__init__()
        self.config_data["legal-ai:secrets"] |= OLD
        self.deployed = self.config()
        self.providers = providers

    def run(self, keys: Mapping[str, str], **options: Any) -> api_keys.KeysRotation:
        world = api_keys.World(self.tools(api_keys.KEPT), self.providers)
        return api_keys.run(world, keys, **options)

    @property
    def keys(self) -> dict[str, str]:
        """Those that the pods have."""
        return {name: self.deployed["legal-ai:secrets"][name] for name in NEW}


def of(server: JsonServer) -> Keys:
    return Keys({name: replace(each, url=server.url) for name, each in PROVIDERS.items()})


def test_new_keys_are_tried_written_and_rolled_out_and_where_to_revoke_the_old_ones_is_said(
    provider: JsonServer,
) -> None:
    world = of(provider)
    entry = world.run(NEW)
    assert (world.keys, world.ups, entry.outcome) == (NEW, 1, "done")
    assert provider.asked[0].authorization == f"Bearer {NEW[OPENAI]}"
    told = api_keys.told(entry)
    assert "https://platform.openai.com/api-keys" in told[0]
    assert "https://console.anthropic.com/settings/keys" in told[1]


def test_a_key_that_its_provider_does_not_take_changes_nothing(provider: JsonServer) -> None:
    world = of(provider)
    provider.answers["GET /v1/models"] = (401, {"error": "incorrect API key"})
    with pytest.raises(Refused, match="OpenAI does not take the new key"):
        world.run(NEW, untried=True)
    assert (world.config(), world.ups, world.cluster.objects) == (world.deployed, 0, {})


@pytest.mark.parametrize("status", [429, 500])
def test_a_provider_that_does_not_say_is_unknown_unless_that_is_accepted(
    provider: JsonServer, status: int
) -> None:
    world = of(provider)
    provider.answers["GET /v1/models"] = (status, {})
    with pytest.raises(CouldNotFindOut, match=f"status {status}"):
        world.run(NEW)
    assert world.ups == 0
    entry = world.run(NEW, untried=True)
    assert world.keys == NEW
    assert "not tried" in api_keys.told(entry)[0]


def test_a_provider_that_nobody_knows_how_to_ask_is_unknown_too() -> None:
    world = Keys({})
    with pytest.raises(CouldNotFindOut, match="is not known here"):
        world.run(NEW)
    assert world.cluster.objects == {}


def test_killed_anywhere_the_same_command_finishes_it(places: Places, provider: JsonServer) -> None:
    of(provider).run(NEW)
    found, places.reached = list(dict.fromkeys(places.reached)), []
    assert {"rotation.begun", f"rotation.configured.{OPENAI}", "stack.up.done"} <= set(found)
    for place in found:
        world = of(provider)
        places.armed = place
        with pytest.raises(Killed):
            world.run(NEW)
        world.run(NEW)
        assert world.keys == NEW, place
        assert world.deployed == world.config(), place


def test_once_the_keys_are_written_it_goes_on_without_them(
    places: Places, provider: JsonServer
) -> None:
    world = of(provider)
    places.armed = "stack.up.begun"
    with pytest.raises(Killed):
        world.run(NEW)
    world.run({})
    assert world.keys == NEW


def test_before_they_are_written_they_are_asked_for_once_more(
    places: Places, provider: JsonServer
) -> None:
    world = of(provider)
    places.armed = f"rotation.configured.{OPENAI}"
    with pytest.raises(Killed):
        world.run(NEW)
    with pytest.raises(UsageError, match="give them once more"):
        world.run({})


def test_other_keys_replace_those_that_did_not_get_ready(provider: JsonServer) -> None:
    world = of(provider)
    world.waiting = ["backend-blue: 0 of 2 replicas are ready"]
    with pytest.raises(Refused, match="backend-blue"):
        world.run(NEW)
    world.waiting = []
    world.run(OLD)
    assert world.keys == OLD
    assert world.tools(api_keys.KEPT).journal.read() is None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"OPENAI_KEY": "sk-new-openai-key-0123456789"}, "has no key OPENAI_KEY"),
        ({"JWT_SECRET": "a-new-secret-of-32-bytes-or-more"}, "has no key JWT_SECRET"),
        ({OPENAI: "sk-short"}, "can be no key"),
        ({OPENAI: "sk-new openai-key-0123456789"}, "can be no key"),
        ({OPENAI: "sk-new-openai-key-0123456789\n"}, "can be no key"),
        ({}, f"name the keys.*{OPENAI}"),
    ],
)
def test_what_can_not_be_meant_is_refused_before_anybody_is_asked(
    provider: JsonServer, keys: dict[str, str], told: str
) -> None:
    world = of(provider)
    with pytest.raises(UsageError, match=told) as raised:
        world.run(keys)
    assert provider.asked == []
    assert not any(key in str(raised.value) for key in keys.values())


def test_no_key_is_in_the_journal_or_in_a_message(provider: JsonServer) -> None:
    world = of(provider)
    world.run(NEW)
    for key in NEW.values():
        assert key not in world.journals + "".join(world.said)


def test_keys_come_from_lines_or_else_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"NEW_{OPENAI}", "of-the-environment")
    assert given([], [f"{OPENAI}=a=b", f"{ANTHROPIC}=c"]) == {OPENAI: "a=b", ANTHROPIC: "c"}
    assert given([OPENAI], []) == {OPENAI: "of-the-environment"}
    assert given([OPENAI], [f"{OPENAI}=of-a-line"]) == {OPENAI: "of-a-line"}


@pytest.mark.parametrize("line", ["sk-a-key-alone", "a key=x"])
def test_a_line_that_is_not_understood_is_never_shown(line: str) -> None:
    with pytest.raises(UsageError, match="line 1") as raised:
        given([], [line])
    assert line not in str(raised.value)


def test_a_line_for_a_key_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(UsageError, match=ANTHROPIC):
        given([OPENAI], [f"{OPENAI}=x", f"{ANTHROPIC}=y"])
