"""`pulumi up` on stack `local`, after a lock that a killed one left has been cleared."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from local.addresses import GATEWAY_PORT, LOOPBACK, PUBLIC_HOST, PUBLIC_URL
from local.commands import run
from local.graph import INTERRUPTED
from local.places import Places
from local.problems import InterruptedByUserError, LocalStackError
from local.report import Report
from ops.stack_lock import is_pulumi

STACK = "local"
OWNER_SECONDS = 120


def deploy(places: Places, env: Mapping[str, str], report: Report) -> None:
    """Create the stack if need be and run `pulumi up`, its output shown as it comes."""
    state = Path(env["PULUMI_BACKEND_URL"].removeprefix("file://"))
    state.mkdir(parents=True, exist_ok=True)
    common = ["--non-interactive", "--cwd", str(places.root)]
    run(["pulumi", "stack", "select", STACK, "--create", *common], env=env, timeout=120)
    wait_for_owner(state, report)
    if owners := lock_owners(state):
        report.line(f"clearing the lock of a Pulumi command that was killed (pid {owners[0]})")
        run(["pulumi", "cancel", "--yes", "--stack", STACK, *common], env=env, timeout=60)
    command = [
        "pulumi",
        "up",
        "--yes",
        "--skip-preview",
        "--stack",
        STACK,
        "--cwd",
        str(places.root),
    ]
    code = in_foreground(command, env)
    if code != 0:
        raise LocalStackError(
            f"`{' '.join(command)}` ended with exit code {code}; what it says is above. "
            "The stack itself runs. Mend the cause, then: source .local/env; pulumi up"
        )


def in_foreground(command: list[str], env: Mapping[str, str]) -> int:
    """Run `command` on our terminal; after Ctrl-C let it put its state in order and end itself."""
    with subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL) as child:
        interrupted = False
        while True:
            try:
                code = child.wait()
                break
            except KeyboardInterrupt:
                interrupted = True
                if not sys.stdin.isatty():  # a terminal has told it as well
                    child.send_signal(signal.SIGINT)
    if interrupted:
        raise InterruptedByUserError(INTERRUPTED)
    return code


def wait_for_owner(state: Path, report: Report) -> None:
    """Wait while a Pulumi command holds the lock and lives: one that an earlier `up` left."""
    deadline = time.monotonic() + OWNER_SECONDS
    told = False
    while live := [pid for pid in lock_owners(state) if is_pulumi(pid)]:
        if not told:
            report.line(f"waiting for another Pulumi command (pid {live[0]}) to end")
            told = True
        if time.monotonic() > deadline:
            raise LocalStackError(
                f"A Pulumi command (pid {live[0]}) has held stack {STACK} for {OWNER_SECONDS} s. "
                "Wait for it or interrupt it, then run this again."
            )
        time.sleep(0.5)


def lock_owners(state: Path) -> list[int]:
    """Return the pids that the stack's locks in a file backend name."""
    owners = []
    for lock in state.glob(f".pulumi/locks/organization/*/{STACK}/*.json"):
        try:
            owners.append(int(json.loads(lock.read_text())["pid"]))
        except FileNotFoundError:
            continue  # let go just now
    return owners


def outputs(places: Places, env: Mapping[str, str]) -> dict[str, object]:
    """Return the stack's outputs."""
    shown = run(
        ["pulumi", "stack", "output", "--json", "--stack", STACK, "--cwd", str(places.root)],
        env=env,
        timeout=60,
    )
    found: dict[str, object] = json.loads(shown)
    return found


def public_answer() -> str:
    """Ask the public host for its page once and say what came back."""
    try:
        answer = httpx2.get(
            f"http://{LOOPBACK}:{GATEWAY_PORT}/",
            headers={"Host": f"{PUBLIC_HOST}:{GATEWAY_PORT}"},
            timeout=10,
            trust_env=False,
        )
    except httpx2.HTTPError as error:
        return f"{PUBLIC_URL} does not answer: {error}"
    color = answer.headers.get("X-Deployment-Color")
    return f"{PUBLIC_URL} answers {answer.status_code}" + (f", color {color}" if color else "")
