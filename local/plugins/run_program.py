"""Runs one Pulumi program for the language host, with the project's own Python.

Started before it is known what to run, so that importing the SDK overlaps with the engine's start:
the order then comes as one line of JSON on standard input.
"""

from __future__ import annotations

import gc

gc.disable()

import asyncio  # noqa: E402
import atexit  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import runpy  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import traceback  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

ALREADY_REPORTED = 32
"""Exit code for "the error was shown": the engine's convention for Python programs."""


def main() -> int:
    """Import the SDK, wait for the order, run it; the exit code is what the host reports."""
    try:
        import pulumi  # noqa: PLC0415
        import pulumi.runtime  # noqa: PLC0415
    except ImportError:
        if not sys.stdin.readline():
            return 1
        traceback.print_exc()
        sys.stderr.write(
            f"\nThe Pulumi SDK can't be imported by {sys.executable}, which Pulumi.yaml chose"
            " (runtime.options.virtualenv). Install the project's requirements there.\n"
        )
        return 1
    line = sys.stdin.readline()
    if not line:
        return 0
    order = json.loads(line)
    threading.Thread(target=_end_with_host, daemon=True).start()

    os.environ["PULUMI_CONFIG"] = json.dumps(order["config"])
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(order["config_secret_keys"])
    pulumi.runtime.set_all_config(order["config"], order["config_secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=order["monitor"],
            engine=order["engine"],
            project=order["project"],
            stack=order["stack"],
            parallel=order["parallel"],
            dry_run=order["dry_run"],
            organization=order["organization"],
            root_directory=order["root_directory"],
        )
    )
    os.chdir(order["cwd"])
    sys.argv = [order["program"], *order["args"]]
    # Both go through pipes to the engine, which shows them line by line.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    gc.freeze()
    gc.enable()
    return _run(order["program"])


def _run(program: str) -> int:
    import pulumi  # noqa: PLC0415
    from pulumi.runtime.stack import run_in_stack  # noqa: PLC0415

    # A failed program leaves futures that nobody will look at; asyncio would report each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(program)))
    except pulumi.RunError as error:
        return _report(str(error))
    except SystemExit as exit_:
        code = exit_.code
        if isinstance(code, str):
            return _report(code)
        return code or 0
    except KeyboardInterrupt:
        return 1
    except BaseException:
        return _report(f"Program failed with an unhandled exception:\n{_users_traceback()}")
    return 0


def _execute(program: str) -> None:
    if not Path(program).is_dir():
        # A folder is put on the path by runpy; a file named by `main` has its neighbours too.
        sys.path.insert(0, str(Path(program).resolve().parent))
    runpy.run_path(program, run_name="__main__")


def _report(message: str) -> int:
    import pulumi  # noqa: PLC0415

    try:
        pulumi.log.error(message)
    except Exception:
        # The engine ends before the program when a run is cancelled.
        sys.stderr.write(f"{message}\n")
    return ALREADY_REPORTED


def _users_traceback() -> str:
    """The current exception, without the frames of this file and of runpy above the program."""
    error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
    if error is None:
        return ""
    ours = {__file__, runpy.__file__, "<frozen runpy>"}
    place = error.__traceback__
    first = place
    while place is not None:
        if place.tb_frame.f_code.co_filename in ours:
            first = place.tb_next
        place = place.tb_next
    return "".join(traceback.format_exception(type(error), error, first))


def _end_with_host() -> None:
    """End when the host does: its end of the pipe closes, whatever killed it."""
    while os.read(0, 4096):
        pass
    os._exit(1)


def _finish(code: int) -> Any:
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # Channels and threads of gRPC take longer to unwind than the whole program took.
    os._exit(code)


if __name__ == "__main__":
    # The folder of this file shadows nothing of the program's.
    here = str(Path(__file__).parent)
    sys.path[:] = [entry for entry in sys.path if entry != here]
    _finish(main())
