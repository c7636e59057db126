"""Runs steps as soon as what they need is done, several at once; stops at the first failure."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from local.problems import InterruptedByUserError, LocalStackError

WORKERS = 12
INTERRUPTED = "Interrupted. What is done is kept; the same command goes on from there."


@dataclass(frozen=True)
class Step:
    """Something to do once every step named in `needs` is done."""

    name: str
    action: Callable[[], None]
    needs: tuple[str, ...] = ()


def check(steps: Sequence[Step]) -> None:
    """Refuse two steps of one name, a need that no step has, and circles."""
    names = [step.name for step in steps]
    if len(set(names)) != len(names):
        raise ValueError(f"two steps share a name: {sorted(names)}")
    for step in steps:
        if unknown := set(step.needs) - set(names):
            raise ValueError(f"{step.name} needs {sorted(unknown)}, which no step is called")
    left = {step.name: set(step.needs) for step in steps}
    while left:
        ready = {name for name, needs in left.items() if not needs & left.keys()}
        if not ready:
            raise ValueError(f"these steps wait for each other: {sorted(left)}")
        for name in ready:
            del left[name]


def run_steps(steps: Sequence[Step], stop: Callable[[], None] = lambda: None) -> None:
    """Run all `steps`. After a failure or Ctrl-C no new one begins and `stop` is called once.

    Raises LocalStackError with every failure that is one; any other exception as it is.
    """
    check(steps)
    waiting = list(steps)
    done: set[str] = set()
    running: dict[Future[None], Step] = {}
    failures: list[BaseException] = []
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        while running or (waiting and not failures):
            try:
                for step in [step for step in waiting if done.issuperset(step.needs)]:
                    if not failures:
                        waiting.remove(step)
                        running[pool.submit(step.action)] = step
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                failures.append(InterruptedByUserError(INTERRUPTED))
                stop()
                continue
            for future in finished:
                step = running.pop(future)
                done.add(step.name)
                if error := future.exception():
                    failures.append(named(step, error))
                    stop()
    if failures:
        raise summary(failures)


def named(step: Step, error: BaseException) -> BaseException:
    """Put the step's name before a message for people; leave a bug's traceback alone."""
    if isinstance(error, LocalStackError) and not isinstance(error, InterruptedByUserError):
        error.args = (f"{step.name}: {error}",)
    return error


def summary(failures: list[BaseException]) -> BaseException:
    """Return the one error to raise: a bug as it is, an interrupt before its consequences."""
    for error in failures:
        if not isinstance(error, LocalStackError):
            return error
    if isinstance(failures[0], InterruptedByUserError):
        return failures[0]
    told = [str(error) for error in failures if not isinstance(error, InterruptedByUserError)]
    return LocalStackError("\n".join(told))
