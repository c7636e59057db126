"""From a kubeconfig, given as a path or as its text, to a server and the way to authenticate."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class KubeconfigError(Exception):
    """No kubeconfig could be found, read or understood; the text says which and what to do."""


@dataclass
class Credentials:
    """Who to be: a fixed token, a token file that is read again, or a command that gives one."""

    token: str = ""
    token_file: str = ""
    command: dict[str, Any] = field(default_factory=dict)
    certificate: str | bytes = b""
    key: str | bytes = b""
    _expires: float = 0.0

    def bearer(self) -> str:
        """The bearer token to send now, empty for none."""
        if self.token_file:
            return Path(self.token_file).read_text().strip()
        if self.command and time.time() >= self._expires:
            self._run_command()
        return self.token

    def _run_command(self) -> None:
        status = _exec_credential(self.command)
        self.token = status.get("token", "")
        if status.get("clientCertificateData"):
            self.certificate = status["clientCertificateData"].encode()
            self.key = status.get("clientKeyData", "").encode()
        expires = status.get("expirationTimestamp")
        self._expires = (
            datetime.fromisoformat(expires.replace("Z", "+00:00")).timestamp() - 30
            if expires
            else float("inf")
        )


@dataclass
class Connection:
    """One API server, as one context of a kubeconfig reaches it."""

    server: str
    credentials: Credentials
    namespace: str = ""
    authority: str | bytes = b""
    insecure: bool = False
    tls_server_name: str = ""

    def tls(self) -> ssl.SSLContext:
        """The TLS settings, client certificate included.

        Raises KubeconfigError when a certificate can't be read.
        """
        context = ssl.create_default_context()
        try:
            if self.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            elif isinstance(self.authority, bytes) and self.authority:
                context.load_verify_locations(cadata=self.authority.decode())
            elif self.authority:
                context.load_verify_locations(cafile=str(self.authority))
            if self.credentials.command:
                self.credentials.bearer()
            if self.credentials.certificate:
                with (
                    _as_file(self.credentials.certificate) as certificate,
                    _as_file(self.credentials.key) as key,
                ):
                    context.load_cert_chain(certificate, key)
        except (OSError, ValueError) as error:
            raise KubeconfigError(
                f"a certificate of the kubeconfig for {self.server} can't be used: {error}"
            ) from error
        return context


def load(
    text_or_path: str = "", *, context: str = "", cluster: str = "", namespace: str = ""
) -> Connection:
    """Find the kubeconfig and pick a context, as kubectl does.

    Without `text_or_path`: $KUBECONFIG, ~/.kube/config, then the pod's own service account.
    Raises KubeconfigError.
    """
    config, base = _read(text_or_path)
    if config is None:
        return _in_cluster(namespace)
    chosen = context or config.get("current-context") or ""
    details = _named(config, "contexts", "context", chosen, missing="the context")
    cluster_name = cluster or details.get("cluster", "")
    place = _named(config, "clusters", "cluster", cluster_name, missing="the cluster")
    user_name = details.get("user", "")
    user = (
        _named(config, "users", "user", user_name, missing="the user", empty_is_fine=True)
        if user_name
        else {}
    )
    for unsupported in ("auth-provider", "username"):
        if unsupported in user:
            raise KubeconfigError(
                f"user {user_name!r} of the kubeconfig uses {unsupported!r}, which this provider"
                " does not do: use a token, a client certificate or an exec plugin"
            )
    if place.get("proxy-url"):
        raise KubeconfigError(
            f"cluster {cluster_name!r} of the kubeconfig has a proxy-url, which this provider"
            " does not do"
        )
    return Connection(
        server=str(place.get("server", "")).rstrip("/"),
        credentials=Credentials(
            token=user.get("token", ""),
            token_file=_resolved(user.get("tokenFile", ""), base),
            command=user.get("exec") or {},
            certificate=_data_or_path(user, "client-certificate", base),
            key=_data_or_path(user, "client-key", base),
        ),
        namespace=namespace or details.get("namespace") or "default",
        authority=_data_or_path(place, "certificate-authority", base),
        insecure=bool(place.get("insecure-skip-tls-verify")),
        tls_server_name=place.get("tls-server-name", ""),
    )


def active_cluster(text_or_path: str, context: str, cluster: str) -> Any:
    """The cluster entry a configuration points at, to compare; None where it names none."""
    try:
        config, _ = _read(text_or_path)
    except KubeconfigError:
        return None
    if not config or not text_or_path:
        return None
    chosen = context or config.get("current-context")
    details = _entry(config, "contexts", "context", chosen) or {}
    return _entry(config, "clusters", "cluster", cluster or details.get("cluster"))


def _read(text_or_path: str) -> tuple[dict[str, Any] | None, Path]:
    """A kubeconfig and the folder its relative paths start from; None when there is none."""
    if text_or_path:
        path = Path(text_or_path).expanduser() if "\n" not in text_or_path else None
        with contextlib.suppress(OSError):
            if path is not None and path.is_file():
                return _parse(path.read_text(), str(path)), path.parent
        return _parse(text_or_path, "the provider's kubeconfig setting"), Path.cwd()
    named = [p for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    paths = [Path(p) for p in named] or [Path("~/.kube/config").expanduser()]
    existing = [path for path in paths if path.is_file()]
    if len(existing) > 1:
        raise KubeconfigError(
            f"KUBECONFIG names {len(existing)} files; this provider does not merge them: name one"
        )
    if existing:
        return _parse(existing[0].read_text(), str(existing[0])), existing[0].parent
    if IN_CLUSTER.joinpath("token").exists():
        return None, Path.cwd()
    raise KubeconfigError(
        f"no kubeconfig: {', '.join(map(str, paths))} is not there, and kubernetes:kubeconfig is"
        " not set. For the local stack: make up, then source .local/env"
    )


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        config = yaml.load(text, Loader=_LOADER)  # noqa: S506
    except yaml.YAMLError as error:
        raise KubeconfigError(f"{where} is not YAML: {error}") from error
    if not isinstance(config, dict) or "clusters" not in config:
        raise KubeconfigError(f"{where} is neither a kubeconfig nor the path of one")
    return config


def _entry(config: dict[str, Any], section: str, key: str, name: Any) -> dict[str, Any] | None:
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            return entry.get(key) or {}
    return None


def _named(
    config: dict[str, Any],
    section: str,
    key: str,
    name: str,
    *,
    missing: str,
    empty_is_fine: bool = False,
) -> dict[str, Any]:
    entry = _entry(config, section, key, name)
    if entry is None or (not entry and not empty_is_fine):
        names = ", ".join(repr(e.get("name")) for e in config.get(section) or []) or "none"
        raise KubeconfigError(f"{missing} {name!r} is not in the kubeconfig; it has {names}")
    return entry


def _in_cluster(namespace: str) -> Connection:
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    own = IN_CLUSTER.joinpath("namespace")
    return Connection(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        credentials=Credentials(token_file=str(IN_CLUSTER / "token")),
        namespace=namespace or (own.read_text() if own.exists() else "default"),
        authority=str(IN_CLUSTER / "ca.crt"),
    )


def _data_or_path(entry: dict[str, Any], name: str, base: Path) -> str | bytes:
    data = entry.get(f"{name}-data")
    if data:
        return base64.b64decode(data)
    return _resolved(entry.get(name, ""), base)


def _resolved(path: str, base: Path) -> str:
    return str(base / path) if path else ""


@contextlib.contextmanager
def _as_file(content: str | bytes) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name


def _exec_credential(command: dict[str, Any]) -> dict[str, Any]:
    name = command.get("command", "")
    version = command.get("apiVersion", "client.authentication.k8s.io/v1")
    environment = dict(os.environ)
    environment |= {e["name"]: e["value"] for e in command.get("env") or []}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(
        {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    )
    try:
        done = subprocess.run(
            [name, *(command.get("args") or [])],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        status: dict[str, Any] = json.loads(done.stdout)["status"]
    except subprocess.CalledProcessError as error:
        raise KubeconfigError(
            f"the kubeconfig's command {name!r} for credentials failed with exit code"
            f" {error.returncode}: {error.stderr.strip()}"
        ) from error
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        raise KubeconfigError(
            f"the kubeconfig's command {name!r} gave no credentials: {error}"
        ) from error
    return status
