"""A copy of the project with a stack of its own, driven by the real `pulumi` as a user would."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

ROOT: Final = Path(__file__).parents[2]
STACK: Final = "e2e"
UP_SECONDS: Final = 400


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code, and standard output with standard error behind it."""

    code: int
    text: str

    def ok(self) -> Self:
        """Itself; raises with all that was printed if the command failed."""
        assert self.code == 0, f"exit code {self.code}\n{self.text}"
        return self

    def failed(self, *words: str) -> Self:
        """Itself; raises unless it failed and said each of the words."""
        assert self.code != 0, f"expected a failure\n{self.text}"
        told = " ".join(self.text.split())
        for word in words:
            assert word in told, f"{word!r} is not in\n{self.text}"
        return self


class Project:
    """The project in `folder`, with stack `e2e`: same code, its own state, namespace and hosts."""

    def __init__(self, folder: Path, namespace: str) -> None:
        self.folder, self.namespace = folder, namespace
        self.public_host = f"{namespace}.localhost"
        self.env = os.environ | {
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_STACK": STACK,
            "NO_COLOR": "1",
        }

    @classmethod
    def create(cls, folder: Path, namespace: str, database_url: str, redis_url: str) -> Self:
        """Lay it out, make the stack, and set what differs from stack `local`."""
        (folder / "state").mkdir(parents=True)
        shutil.copy(ROOT / "Pulumi.yaml", folder / "Pulumi.yaml")
        shutil.copy(ROOT / "Pulumi.local.yaml", folder / f"Pulumi.{STACK}.yaml")
        for name in ("__main__.py", "components", "ops", ".venv"):
            (folder / name).symlink_to(ROOT / name)
        project = cls(folder, namespace)
        project.pulumi("stack", "init", STACK).ok()
        host = project.public_host
        # All projects' stacks have the same name, and AWS' resources are named by the stack.
        project.remove("database")
        project.set(
            "environment=local",
            "database.kind=external",
            f"hosts.public={host}",
            f"hosts.preview={{color}}.{host}",
            f"namespace={namespace}",
            "blue.version=v1.0.0",
            "green.version=v1.1.0",
            "activeColor=blue",
            "canaryWeight=0",
            "gate.timeoutSeconds=8",
            "migrations.timeoutSeconds=60",
            # Each costs an `up` a few seconds; tests that are about them turn them on.
            "agent.enabled=false",
            "alerts.delivery=none",
        )
        for key, url in (("database.url", database_url), ("redis.url", redis_url)):
            project.pulumi("config", "set", "--path", "--secret", f"legal-ai:{key}", url).ok()
        return project

    @property
    def url(self) -> str:
        """The public URL."""
        return f"http://{self.public_host}:8080"

    def preview_url(self, color: str) -> str:
        """A color's preview URL."""
        return f"http://{color}.{self.public_host}:8080"

    def pulumi(self, *args: str, seconds: float = UP_SECONDS) -> Ran:
        """Run the CLI to its end."""
        done = subprocess.run(
            ["pulumi", *args, "--non-interactive"],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start the CLI and come back at once; its output is in the process' pipe."""
        return self.run(["pulumi", *args, "--non-interactive"])

    def start_script(self, name: str, *args: str, **env: str) -> subprocess.Popen[str]:
        """Start one of the scripts and come back at once, as `start` does."""
        return self.run([sys.executable, str(ROOT / "scripts" / name), *args], **env)

    def script(self, name: str, *args: str, **env: str) -> Ran:
        """Run one of the scripts to its end."""
        return finish(self.start_script(name, *args, **env))

    def run(self, command: Sequence[str], **env: str) -> subprocess.Popen[str]:
        """Start any command in the project's folder, with its stack chosen."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def set(self, *pairs: str) -> None:
        """`pulumi config set` for each `key=value` below `legal-ai:`; keys may be paths."""
        args = [arg for pair in pairs for arg in ("--plaintext", f"legal-ai:{pair}")]
        self.pulumi("config", "set-all", "--path", *args).ok()

    def remove(self, key: str) -> None:
        """`pulumi config rm` for a path below `legal-ai:`."""
        self.pulumi("config", "rm", "--path", f"legal-ai:{key}").ok()

    def up(self, *args: str) -> Ran:
        """`pulumi up --yes --skip-preview`, output as people see it."""
        return self.pulumi("up", "--yes", "--skip-preview", *args)

    def preview(self, *args: str) -> Ran:
        """`pulumi preview`."""
        return self.pulumi("preview", *args)

    def switch(self, active: str, weight: int = 0) -> Ran:
        """Set active color and canary weight together, then `up`."""
        self.set(f"activeColor={active}", f"canaryWeight={weight}")
        return self.up()

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json").ok().text)
        return found

    def kubectl(self, *args: str, stdin: str | None = None) -> Ran:
        """`kubectl` in the project's namespace."""
        done = subprocess.run(
            ["kubectl", "--namespace", self.namespace, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            input=stdin,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """An object's JSON."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json").ok().text)
        return found


def finish(process: subprocess.Popen[str], seconds: float = UP_SECONDS) -> Ran:
    """Wait for a started command; kills its whole session if it does not end."""
    try:
        text, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Ran(process.returncode, text)
