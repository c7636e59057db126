"""The hooks themselves: they must get to run whatever else the program is busy with."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pulumi
import pytest

from components.gate_hooks import run_beside
from ops.errors import GATE_UNKNOWN, CouldNotFindOut, OpsError, Refused
from ops.verdict import Unjudged

ARGUMENTS = pulumi.ResourceHookArgs("urn", "id", "name", "type", {}, {}, {}, {})


def test_a_hook_runs_while_every_thread_of_the_loop_waits_for_a_registration() -> None:
    ran, registered = threading.Event(), threading.Event()

    async def program() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
        registration = loop.run_in_executor(None, registered.wait)
        hook = run_beside("after-x", lambda _: ran.set())
        await asyncio.wait_for(hook(ARGUMENTS), timeout=30)
        registered.set()
        await registration

    try:
        asyncio.run(program())
    finally:
        registered.set()
    assert ran.is_set()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("green is not ready"), "green is not ready"),
        (CouldNotFindOut("no answer"), f"{GATE_UNKNOWN}: no answer"),
        (Unjudged("its schema range is not recorded"), "its schema range is not recorded"),
    ],
)
def test_a_hook_that_gets_no_answer_says_so_in_other_words_than_one_that_refuses(
    error: OpsError, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What another test has played of Pulumi may still say that this is a preview.
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)

    def check(_: object) -> None:
        raise error

    with pytest.raises(pulumi.RunError) as raised:
        asyncio.run(run_beside("before-x", check)(ARGUMENTS))
    assert str(raised.value) == told
