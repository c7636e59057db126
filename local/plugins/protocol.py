"""What every plugin stand-in shares.

Pulumi's protobufs without the SDK around them, and how the engine starts and ends a plugin.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes. The engine itself accepts messages of this size (rpcutil.GrpcChannelOptions)."""

_MESSAGE_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_LIMIT),
]


def without_sdk() -> None:
    """Let `pulumi.runtime.proto` be imported without running the SDK's own `__init__`.

    The whole SDK takes three times as long to import as the protobufs, and every `pulumi up`
    waits for it. Only for processes that use nothing else of the SDK.
    """
    if "pulumi" in sys.modules:
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"the Pulumi SDK is not installed for {sys.executable}: "
            "run `make up`, or install requirements-dev.txt there"
        )
    root = Path(spec.origin).parent
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


def channel(address: str) -> Any:
    """An insecure channel to the engine, which listens on loopback only."""
    import grpc  # noqa: PLC0415

    return grpc.insecure_channel(address, options=_MESSAGE_OPTIONS)


def engine_address(args: Sequence[str]) -> str | None:
    """The engine's address: the last argument that is no flag, if there is one."""
    addresses = [arg for arg in args if not arg.startswith("-")]
    return addresses[-1] if addresses else None


def serve(register: Callable[[Any], None], on_exit: Callable[[], None]) -> None:
    """Serve until the engine ends the plugin or is gone; never returns.

    The first line on standard output is the port, as the engine expects. A plugin whose engine
    was killed ends by itself instead of staying behind.
    """
    import grpc  # noqa: PLC0415

    parent = os.getppid()
    over = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: over.set())

    server = grpc.server(ThreadPoolExecutor(max_workers=512), options=_MESSAGE_OPTIONS)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    while not over.wait(1.0):
        if os.getppid() != parent:
            break
    on_exit()
    # Nothing is left to finish, and the interpreter's own end would keep the engine waiting.
    os._exit(0)
