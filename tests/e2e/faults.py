"""What the sample application is told to do wrong, as its README has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import redis


@contextmanager
def failing(redis_number: int, color: str, faults: dict[str, float]) -> Iterator[None]:
    """Let a color's backend fail, for the block; `redis_number` is its project's database."""
    with redis.Redis(port=16379, db=redis_number) as client:
        client.set(f"legal-ai:faults:{color}", json.dumps(faults))
        try:
            yield
        finally:
            client.delete(f"legal-ai:faults:{color}")
