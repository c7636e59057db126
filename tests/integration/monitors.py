"""A Prometheus and an Alertmanager of a test's own, and a target that plays a whole stack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2

from tests.ports import free_port
from tests.waiting import until


@dataclass(frozen=True)
class Monitors:
    """The servers' addresses."""

    prometheus: str
    alertmanager: str


@contextmanager
def monitors(
    folder: Path, rules: Mapping[str, Any], exposed: Callable[[], str]
) -> Iterator[Monitors]:
    """Both servers with a stack's rules, each second looking at what `exposed` says."""
    with ExitStack() as stack:
        target = stack.enter_context(_target(exposed))
        prometheus, alertmanager = free_port(), free_port()
        (folder / "rules.yaml").write_text(json.dumps(rules))
        (folder / "prometheus.yml").write_text(json.dumps(_config(target, alertmanager)))
        nobody = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
        (folder / "alertmanager.yml").write_text(json.dumps(nobody))
        stack.enter_context(
            _running(
                "prometheus-alertmanager",
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'notified'}",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
                "--log.level=error",
            )
        )
        stack.enter_context(
            _running(
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                "--log.level=error",
            )
        )
        made = Monitors(f"http://127.0.0.1:{prometheus}", f"http://127.0.0.1:{alertmanager}")
        for address in (made.prometheus, made.alertmanager):
            until(partial(_is_ready, address), f"{address} answers")
        yield made


def _config(target: int, alertmanager: int) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
        },
        "scrape_configs": [
            {
                "job_name": "stack",
                "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
            }
        ],
    }


@contextmanager
def _target(exposed: Callable[[], str]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            content = exposed().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _running(*command: str) -> Iterator[None]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def _is_ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/-/ready").is_success
    except httpx2.HTTPError:
        return False
