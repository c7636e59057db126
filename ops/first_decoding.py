"""What the API server answers is decoded once while one thread alone can, which the first must be.

msgspec, below lightkube, builds what it knows of a type at its first decoding. Two threads that do
that at once crash the process or lose fields (seen with 0.22 on CPython 3.11).
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Final

from lightkube.core.decoders import decode_list, decode_status, decode_watch_event
from lightkube.generic_resource import GenericGlobalResource, GenericNamespacedResource

CONNECTING: Final = Lock()
"""Held while a kubeconfig is read, which is decoded as well."""


def prepare(kinds: Iterable[type[GenericNamespacedResource] | type[GenericGlobalResource]]) -> None:
    """Decode every shape of answer: call it where a module is imported, which one thread does."""
    decode_status(b"{}")
    decode_watch_event(b'{"type": "", "object": {}}')
    for kind in kinds:
        decode_list(b'{"items": []}', kind)
