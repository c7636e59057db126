"""One `up`, `down` or `clean` at a time in a clone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from local.places import Places
from local.problems import LocalStackError


@contextmanager
def one_at_a_time(places: Places) -> Iterator[None]:
    """Hold this clone's lock; the kernel lets it go when the process ends, however it ends.

    Raises LocalStackError naming the process that holds it.
    """
    places.local.mkdir(exist_ok=True)
    with (places.local / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LocalStackError(
                f"Another command (pid {file.read().strip() or 'unknown'}) is starting or stopping "
                "this local stack. Wait for it, or interrupt it, then run this again."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
