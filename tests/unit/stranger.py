"""A machine on which scripts meet a stack, a cluster or an account that is not what was meant."""

from __future__ import annotations

import io
import json
import runpy
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest

from tests.unit.monitored import monitoring
from tests.unit.test_stack import FACTS

ROOT: Final = Path(__file__).parents[2]
STACK: Final = "local"
TOKEN: Final = "of-nobody"
NOBODY: Final = "127.0.0.1:1"
DATABASE: Final = f"postgresql+psycopg://app:secret@{NOBODY}/legal_ai"
OUTPUTS: Final = {
    "operations": FACTS
    | {
        "database": {
            "kind": "external", "engine": "postgres", "url": DATABASE, "adminUrl": DATABASE,
        },
        "monitoring": monitoring().model_dump(mode="json", by_alias=True),
        "publicUrl": f"http://{NOBODY}",
        "redisUrl": f"redis://{NOBODY}/0",
        "backups": FACTS["backups"] | {"store": "nowhere"},  # type: ignore[operator]
    }
}  # fmt: skip
PULUMI: Final = """#!/bin/sh
case "$*" in
  *"--stack {stack} "*) ;;
  *) echo "error: no stack named 'nonesuch' found" >&2; exit 6 ;;
esac
case "$1 $2" in
  "stack output") cat "{outputs}" ;;
  "config --json") echo '{{}}' ;;
  *) echo "asked for pulumi $*" >&2; exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Ended:
    """How a script ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on standard error."""
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else ""


class Machine:
    """A folder with a `pulumi` that knows one stack, and whichever kubeconfig is asked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._patch = folder, monkeypatch
        outputs = folder / "outputs.json"
        outputs.write_text(json.dumps(OUTPUTS))
        program = folder / "pulumi"
        program.write_text(PULUMI.format(stack=STACK, outputs=outputs))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("KUBECONFIG", str(folder / "none"))
        monkeypatch.setenv("SMOKE_PASSWORD", "of-nobody")
        monkeypatch.chdir(folder)

    def let_in(self, cluster: dict[str, Any], token: str = TOKEN) -> None:
        """Have a kubeconfig that leads to this cluster (`server` and so on)."""
        self._let_in(cluster, {"token": token})

    def let_in_by_program(self, cluster: dict[str, Any], program: Path) -> Path:
        """The same, with a program to give the credentials. Returns where the kubeconfig is."""
        asked = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": str(program)}
        return self._let_in(cluster, {"exec": asked})

    def set_up(self, content: str) -> Path:
        """Have a kubeconfig of this content."""
        path = self._folder / "kubeconfig"
        path.write_text(content)
        self._patch.setenv("KUBECONFIG", str(path))
        return path

    def _let_in(self, cluster: dict[str, Any], whose: dict[str, Any]) -> Path:
        named = {"cluster": cluster, "name": "it"}
        user = {"name": "it", "user": whose}
        context = {"name": "it", "context": {"cluster": "it", "user": "it"}}
        config = {
            "current-context": "it", "clusters": [named], "users": [user], "contexts": [context],
        }  # fmt: skip
        return self.set_up(json.dumps(config))

    def run(self, script: Path, args: Sequence[str], capsys: pytest.CaptureFixture[str]) -> Ended:
        """The script as its path starts it, in this process."""
        self._patch.setattr(sys, "argv", [str(script), *args])
        self._patch.setattr(sys, "stdin", io.StringIO())
        self._patch.setattr(sys, "path", [str(script.parent), *sys.path])
        before = signal.getsignal(signal.SIGTERM)
        code: Any = 0
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as ended:
            code = ended.code or 0
        finally:
            signal.signal(signal.SIGTERM, before)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)


@contextmanager
def api_server_that_forbids(
    code: int = 403, told: str = 'it is forbidden: User "nobody" may not'
) -> Iterator[dict[str, Any]]:
    """An API server that answers everything so, as a kubeconfig's `cluster`."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = json.dumps({"kind": "Status", "code": code, "message": told}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 the library's names

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield {"server": f"http://127.0.0.1:{server.server_port}"}
        finally:
            server.shutdown()
            thread.join()
