"""A small client for any kind of Kubernetes object.

Discovery, requests with a short patience for a server that stumbles, following one object.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.plugins.kubernetes.kubeconfig import Connection
from local.plugins.kubernetes.objects import Kind, KubeObject, get

PATIENCE = 10.0
"""Seconds for which a refused connection or an overloaded server is tried again."""
WATCH_SECONDS = 2
"""A watch is asked for in slices of this length, so that whoever waits can look up in between."""
_TRANSIENT = {429, 500, 502, 503, 504}
_READS = {"GET"}

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"


class ApiError(Exception):
    """What the API server answered when it refused; `str()` is its own message."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details

    @property
    def field_conflict(self) -> bool:
        """Whether another field manager owns what was applied."""
        return self.code == 409 and any(
            get(cause, "reason") == "FieldManagerConflict"
            for cause in get(self.details, "causes", default=[])
        )

    @property
    def modified(self) -> bool:
        """Whether the object changed between reading and writing it."""
        return self.code == 409 and "the object has been modified" in str(self)

    @property
    def being_deleted(self) -> bool:
        """Whether an object of that name is there, but on its way out."""
        return self.code == 409 and "object is being deleted" in str(self)

    @property
    def missing_namespace(self) -> bool:
        """Whether the namespace is what was not found."""
        return self.code == 404 and get(self.details, "kind") == "namespaces"


class NoSuchKindError(Exception):
    """The API server does not serve this kind, for now."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"the API server serves no {kind}")


class UnreachableError(Exception):
    """The API server did not answer, or not with sense, for as long as it was tried."""


class CancelledError(Exception):
    """The engine asked to stop."""


@dataclass(frozen=True)
class Resource:
    """How a kind is addressed: `deployments`, in a namespace or not."""

    kind: Kind
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of a collection, an object or a part of one."""
        prefix = f"/apis/{self.kind.api_version}" if self.kind.group else "/api/v1"
        if self.namespaced and namespace:
            prefix += f"/namespaces/{quote(namespace)}"
        steps = [self.plural, quote(name), subresource]
        return "/".join([prefix, *(step for step in steps if step)])


@dataclass
class Answer:
    """A body, and the warnings that came with it."""

    body: KubeObject
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """Something to look at again: the object as it is now, or None when it is gone.

    `fresh` is false when merely time has passed.
    """

    obj: KubeObject | None
    fresh: bool = True


class Client:
    """One API server. Safe to use from many threads, each request on a connection of its own."""

    def __init__(self, connection: Connection, *, patience: float = PATIENCE) -> None:
        self.connection = connection
        self.patience = patience
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[http.client.HTTPConnection] = set()
        self._lock = threading.Lock()
        self._served: dict[str, dict[str, Resource]] = {}
        self._cancelled = threading.Event()
        self._down_until = 0.0
        self._tls = connection.tls() if connection.server.startswith("https:") else None

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Make everything under way raise CancelledError now."""
        self._cancelled.set()
        with self._lock:
            busy = list(self._busy)
        for connection in busy:
            with suppress(OSError):
                if connection.sock is not None:
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def pause(self, seconds: float) -> None:
        """Sleep, unless cancelled: then raise CancelledError."""
        if self._cancelled.wait(seconds):
            raise CancelledError

    def resource(self, kind: Kind) -> Resource:
        """How the kind is addressed. Raises NoSuchKindError."""
        known = self._served.get(kind.api_version, {}).get(kind.kind)
        if known is not None:
            return known
        path = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
        try:
            listing = self.request("GET", path).body
        except ApiError as error:
            if error.code == 404:
                raise NoSuchKindError(kind) from error
            raise
        served = {
            entry["kind"]: Resource(
                Kind(kind.group, kind.version, entry["kind"]), entry["name"], entry["namespaced"]
            )
            for entry in get(listing, "resources", default=[])
            if "/" not in entry["name"]
        }
        self._served[kind.api_version] = served
        if kind.kind not in served:
            raise NoSuchKindError(kind)
        return served[kind.kind]

    def serves(self, kind: Kind) -> bool:
        """Whether the API server knows the kind at this moment."""
        try:
            self.resource(kind)
        except NoSuchKindError:
            return False
        return True

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject:
        """Read one object. Raises ApiError, 404 when it is not there."""
        return self.request("GET", self.resource(kind).path(namespace, name)).body

    def search(self, kind: Kind, namespace: str, **query: str) -> list[KubeObject]:
        """Read all objects that match `labelSelector` or `fieldSelector`."""
        path = self.resource(kind).path(namespace)
        items: list[KubeObject] = get(self.request("GET", path, query).body, "items", default=[])
        return items

    def log_tail(
        self, namespace: str, pod: str, container: str, *, previous: bool, lines: int
    ) -> str:
        """The last lines a container wrote; empty when they can't be had."""
        query = {"container": container, "tailLines": str(lines)}
        if previous:
            query["previous"] = "true"
        path = self.resource(Kind("", "v1", "Pod")).path(namespace, pod, "log")
        try:
            with self._connection() as connection:
                return self._exchange(connection, "GET", path, query, None, JSON)[1].decode(
                    "utf-8", "replace"
                )
        except (ApiError, OSError, http.client.HTTPException):
            return ""

    def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> Answer:
        """One request, tried again for a short time while the server is down or overloaded.

        Raises ApiError for a refusal, UnreachableError when patience ends, CancelledError.
        """
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()

        def once() -> Answer:
            with self._connection() as connection:
                headers, raw = self._exchange(connection, method, path, query, data, content_type)
            return Answer(json.loads(raw) if raw else {}, headers)

        try:
            return once()
        except (ApiError, OSError, http.client.HTTPException) as error:
            if not _worth_another_try(error):
                raise
        return self._again(once, f"{method} {path}")

    def _again(self, once: Callable[[], Answer], what: str) -> Answer:
        import tenacity  # noqa: PLC0415

        # Once patience has ended, the next requests do not each wait as long again.
        patience = self.patience if time.monotonic() >= self._down_until else 0

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_another_try),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=2),
            stop=tenacity.stop_after_delay(patience),
            sleep=self.pause,
            reraise=True,
        )
        try:
            return retrying(once)
        except (ApiError, OSError, http.client.HTTPException) as error:
            if not _worth_another_try(error):
                raise
            self._down_until = time.monotonic() + self.patience
            hint = (
                "It is overloaded, or something behind it (etcd, a webhook) fails"
                if isinstance(error, ApiError)
                else "Is it running? (make status, kubectl get --raw /readyz)"
            )
            raise UnreachableError(
                f"the Kubernetes API server {self.connection.server} did not do {what} within"
                f" {self.patience:.0f} s: {_in_words(error)}. {hint}. What was done so far is in"
                " the state: run the same command again when the server is back."
            ) from error

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        if self._cancelled.is_set():
            raise CancelledError
        with self._lock:
            connection = self._idle.pop() if self._idle else self._connect()
            self._busy.add(connection)
        keep = False
        try:
            yield connection
            keep = connection.sock is not None
        except ApiError:
            keep = connection.sock is not None
            raise
        except (OSError, http.client.HTTPException):
            if self._cancelled.is_set():
                raise CancelledError from None
            raise
        finally:
            with self._lock:
                self._busy.discard(connection)
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.connection.server)
        host = parts.hostname or ""
        if self._tls is None:
            return http.client.HTTPConnection(host, parts.port or 80, timeout=60)
        if self.connection.tls_server_name:
            return _Renamed(host, parts.port or 443, self._tls, self.connection.tls_server_name)
        return http.client.HTTPSConnection(host, parts.port or 443, timeout=60, context=self._tls)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        query: dict[str, str] | None,
        data: bytes | None,
        content_type: str,
    ) -> http.client.HTTPResponse:
        headers = {"Accept": JSON, "User-Agent": "pulumi-kubernetes-local"}
        if data is not None:
            headers["Content-Type"] = content_type
        token = self.connection.credentials.bearer()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{urlsplit(self.connection.server).path}{path}"
        if query:
            url += "?" + urlencode(query)
        used = connection.sock is not None
        connection.request(method, url, data, headers)
        try:
            return connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError):
            # The server closes connections that were idle for long. Writes are not sent twice:
            # they may have been done.
            if not used or method not in _READS:
                raise
            connection.close()
            connection.request(method, url, data, headers)
            return connection.getresponse()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        query: dict[str, str] | None,
        data: bytes | None,
        content_type: str,
    ) -> tuple[list[str], bytes]:
        response = self._send(connection, method, path, query, data, content_type)
        raw = response.read()
        if response.status >= 400:
            raise _refusal(response.status, raw)
        return [_warning_text(w) for w in response.headers.get_all("Warning") or []], raw

    def follow(self, resource: Resource, obj: KubeObject, timeout: float) -> Iterator[Event]:
        """The object now and after every change, until `timeout` seconds are over.

        In between, at least every `WATCH_SECONDS`, an event that is not fresh. Ends with None
        for the object when it is deleted.
        """
        deadline = time.monotonic() + timeout
        namespace, name = get(obj, "metadata", "namespace", default=""), obj["metadata"]["name"]
        current = obj
        version = get(obj, "metadata", "resourceVersion", default="")
        yield Event(current)
        while (left := deadline - time.monotonic()) > 0:
            try:
                for event in self._watch(
                    resource, namespace, name, version, min(left, WATCH_SECONDS)
                ):
                    if event["type"] == "DELETED":
                        yield Event(None)
                        return
                    if event["type"] == "ERROR":
                        raise _refusal(get(event, "object", "code", default=410), b"")
                    current = event["object"]
                    version = current["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield Event(current)
            except (ApiError, OSError, http.client.HTTPException):
                # The watch broke: the object is read afresh, and followed from there.
                self.pause(min(0.2, max(left, 0)))
                try:
                    current = self.get(resource.kind, namespace, name)
                except ApiError as error:
                    if error.code == 404:
                        yield Event(None)
                        return
                    raise
                version = current["metadata"]["resourceVersion"]
                yield Event(current)
            yield Event(current, fresh=False)

    def _watch(
        self, resource: Resource, namespace: str, name: str, version: str, seconds: float
    ) -> Iterator[dict[str, Any]]:
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "timeoutSeconds": str(max(1, round(seconds))),
            "resourceVersion": version,
        }
        with self._connection() as connection:
            response = self._send(connection, "GET", resource.path(namespace), query, None, JSON)
            if response.status >= 400:
                raise _refusal(response.status, response.read())
            try:
                while line := response.readline():
                    yield json.loads(line)
            finally:
                if not response.isclosed():
                    # Left in the middle: this connection has the rest of the stream to come.
                    connection.close()


class _Renamed(http.client.HTTPSConnection):
    """A connection that asks for another name than the host's (`tls-server-name`)."""

    def __init__(self, host: str, port: int, tls: Any, server_name: str) -> None:
        super().__init__(host, port, timeout=60, context=tls)
        self._tls, self._server_name = tls, server_name

    def connect(self) -> None:
        """Open the connection and greet with the other name."""
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._server_name)


def _refusal(code: int, raw: bytes) -> ApiError:
    try:
        status = json.loads(raw)
    except ValueError:
        status = {}
    message = get(status, "message", default="") or raw.decode("utf-8", "replace").strip()
    return ApiError(
        code,
        get(status, "reason", default=""),
        message or f"HTTP {code}",
        get(status, "details", default={}),
    )


def _warning_text(header: str) -> str:
    """The text of `299 - "text"`."""
    _, quote_mark, rest = header.partition('"')
    return rest.removesuffix('"').replace('\\"', '"') if quote_mark else header


def _worth_another_try(error: BaseException) -> bool:
    if isinstance(error, ApiError):
        return error.code in _TRANSIENT
    return isinstance(error, OSError | http.client.HTTPException)


def _in_words(error: BaseException) -> str:
    if isinstance(error, ApiError):
        return f"it answered {error.code}: {error}"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
