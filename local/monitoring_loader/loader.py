"""What is in the cluster now becomes what Prometheus and Alertmanager have read."""

import base64
import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import yaml

from local import process
from local.addresses import ALERTMANAGER_URL, PROMETHEUS_URL
from local.api import Api
from local.commands import run
from local.credentials import write
from local.monitoring_loader.routes import merged
from local.monitoring_loader.shelf import Shelf
from local.parts.alertmanager import Alertmanager
from local.parts.base import expect_http
from local.parts.prometheus import Prometheus
from local.problems import NotReadyError
from local.stack import Stack

LABEL = "legal-ai-system.com/monitoring"
CHECK_SECONDS = 30
RELOAD_SECONDS = 10
POLL_SECONDS = 0.05
LAST_RELOAD = "prometheus_config_last_reload_success_timestamp_seconds"


def listing(kind: str, value: str) -> str:
    """Return the API's path of the objects of `kind` that carry the label with `value`."""
    return f"/api/v1/{kind}?{urlencode({'labelSelector': f'{LABEL}={value}'})}"


RULES = listing("configmaps", "rules")
ROUTES = listing("secrets", "alertmanager")


class Loader:
    """Knows nothing between two calls of `load`: all that counts is in the cluster and in files."""

    def __init__(self, stack: Stack, api: Api) -> None:
        self._api = api
        self._prometheus = Prometheus(stack)
        self._alertmanager = Alertmanager(stack)
        self._rules = Shelf(self._prometheus.rules, check_rules)
        self._routes = Shelf(self._alertmanager.data / "documents", check_routes)
        self._to_reload = {self._reload_prometheus, self._reload_alertmanager}

    def load(self) -> None:
        """Take over what the cluster has now, and have it read.

        Raises NotReadyError if the API server, Prometheus or Alertmanager can't be asked; then
        nothing is taken for deleted, and the next call does what is left.
        """
        configmaps, secrets = self._api.get(RULES)["items"], self._api.get(ROUTES)["items"]
        if self._rules.sync(dict(texts(configmaps, "rules.yaml"))):
            self._to_reload.add(self._reload_prometheus)
        self._routes.sync(dict(texts(secrets, "alertmanager.yaml", encoded=True)))
        whole = self._alertmanager.config_file
        before = whole.read_text() if whole.exists() else ""
        write(whole, configuration(self._routes.documents()))
        if whole.read_text() != before:
            self._to_reload.add(self._reload_alertmanager)
        for reload in list(self._to_reload):
            reload()
            self._to_reload.discard(reload)

    def _reload_prometheus(self) -> None:
        # Before it is ready it may not handle the signal yet, and would end.
        expect_http(f"{PROMETHEUS_URL}/-/ready")
        before = time.time()
        if not process.send(self._prometheus.pid_file, signal.SIGHUP):
            raise NotReadyError("Prometheus does not run")
        # Not to take a file away while it still reads: it would keep all it had.
        deadline = time.monotonic() + RELOAD_SECONDS
        while last_reload(PROMETHEUS_URL) < before:
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"Prometheus did not read its files within {RELOAD_SECONDS} s: see "
                    f"{self._prometheus.log_file}"
                )
            time.sleep(POLL_SECONDS)

    def _reload_alertmanager(self) -> None:
        url = f"{ALERTMANAGER_URL}/-/reload"
        try:
            answer = httpx2.post(url, timeout=5, trust_env=False)
        except httpx2.HTTPError as error:
            raise NotReadyError(f"POST {url}: {error}") from error
        if answer.status_code != 200:
            raise NotReadyError(f"POST {url}: {answer.status_code} {answer.text[:200]}")


def last_reload(url: str) -> float:
    """Return when the Prometheus at `url` last read its files and took them over (Unix time)."""
    try:
        answer = httpx2.get(f"{url}/metrics", timeout=5, trust_env=False)
    except httpx2.HTTPError as error:
        raise NotReadyError(f"GET {url}/metrics: {error}") from error
    found = re.search(rf"^{LAST_RELOAD} (\S+)$", answer.text, re.MULTILINE)
    if found is None:
        raise NotReadyError(f"GET {url}/metrics: {answer.status_code}, without {LAST_RELOAD}")
    return float(found[1])


def texts(
    objects: list[dict[str, Any]], key: str, *, encoded: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield `namespace/name` and the text under `key` of each object that has it."""
    for found in objects:
        text = (found.get("data") or {}).get(key)
        if text is not None:
            meta = found["metadata"]
            plain = base64.b64decode(text).decode() if encoded else text
            yield f"{meta['namespace']}/{meta['name']}", plain


def check_rules(_name: str, path: Path) -> None:
    """Raise CommandFailedError with what promtool says of the rules in the file."""
    run(["promtool", "check", "rules", path], timeout=CHECK_SECONDS)


def check_routes(name: str, path: Path) -> None:
    """Raise ValueError or CommandFailedError unless the configuration is a whole one."""
    path.write_text(configuration({name: path.read_text()}))
    run(["amtool", "check-config", path], timeout=CHECK_SECONDS)


def configuration(documents: dict[str, str]) -> str:
    """Return Alertmanager's configuration (JSON, which is YAML) for the documents' texts."""
    return json.dumps(merged({name: parsed(name, text) for name, text in documents.items()}))


def parsed(name: str, text: str) -> dict[str, Any]:
    """Return the mapping that `text` is in YAML; raise ValueError for anything else."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{name} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{name} is no mapping")  # noqa: TRY004 - of a text, not of an argument
    return document
