"""The hooks themselves: they must get to run whatever else the program is busy with."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pulumi

from components.gate_hooks import run_beside


def test_a_hook_runs_while_every_thread_of_the_loop_waits_for_a_registration() -> None:
    ran, registered = threading.Event(), threading.Event()
    arguments = pulumi.ResourceHookArgs("urn", "id", "name", "type", {}, {}, {}, {})

    async def program() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
        registration = loop.run_in_executor(None, registered.wait)
        hook = run_beside("after-x", lambda _: ran.set())
        await asyncio.wait_for(hook(arguments), timeout=30)
        registered.set()
        await registration

    try:
        asyncio.run(program())
    finally:
        registered.set()
    assert ran.is_set()
