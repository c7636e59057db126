"""The client's patience and its errors, against a small scripted server on loopback."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.plugins.kubernetes import apply
from local.plugins.kubernetes.client import (
    ApiError,
    CancelledError,
    Client,
    NoSuchKindError,
    UnreachableError,
)
from local.plugins.kubernetes.kubeconfig import Connection, Credentials
from local.plugins.kubernetes.objects import Kind

CONFIG_MAP = Kind("", "v1", "ConfigMap")
KINDS = {"resources": [{"kind": "ConfigMap", "name": "configmaps", "namespaced": True}]}
OBJECT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "n"},
}


class Server(ThreadingHTTPServer):
    """Gives the scripted answers one after the other, then the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, Any]] = []
        self.seen: list[tuple[str, str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        if self.path == "/api/v1":
            self.reply(200, KINDS)
            return
        self.server.seen.append((self.command, self.path, body))
        answers = self.server.answers
        code, content = answers.pop(0) if len(answers) > 1 else answers[0]
        if code == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.reply(code, content)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    def reply(self, code: int, content: Any) -> None:
        raw = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(raw)))
        if "warned" in content:
            self.send_header("Warning", '299 - "unknown field \\"spec.foo\\""')
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def client(url: str, patience: float = 5) -> Client:
    return Client(Connection(url, Credentials(token="t"), namespace="default"), patience=patience)


def test_a_burst_of_server_errors_is_waited_out(server: Server) -> None:
    server.answers = [(503, {}), (500, {}), (429, {}), (200, {"fine": True})]
    assert client(server.url).request("GET", "/x").body == {"fine": True}
    assert len(server.seen) == 4


def test_a_server_that_stays_broken_is_named_with_what_was_asked(server: Server) -> None:
    server.answers = [(503, {"message": "etcd is down"})]
    with pytest.raises(UnreachableError) as raised:
        client(server.url, patience=0.3).request("PATCH", "/api/v1/things/a")
    for part in (server.url, "PATCH /api/v1/things/a", "etcd is down", "run the same command"):
        assert part in str(raised.value)


def test_a_refused_connection_says_so_and_the_next_request_does_not_wait_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lost = client(f"http://127.0.0.1:{port}", patience=1)
    pause, pauses = lost.pause, list[float]()

    def counted(seconds: float) -> None:
        pauses.append(seconds)
        pause(seconds)

    monkeypatch.setattr(lost, "pause", counted)
    with pytest.raises(UnreachableError, match="connection refused"):
        lost.request("GET", "/x")
    assert pauses, "it was tried more than once"
    pauses.clear()
    with pytest.raises(UnreachableError):
        lost.request("GET", "/x")
    assert pauses == []


def test_a_refusal_is_not_tried_again(server: Server) -> None:
    server.answers = [(403, {"message": "no", "reason": "Forbidden"})]
    with pytest.raises(ApiError, match="no") as raised:
        client(server.url).request("GET", "/x")
    assert (raised.value.code, raised.value.reason) == (403, "Forbidden")
    assert len(server.seen) == 1


def test_a_kind_that_is_not_served_is_told_apart_from_a_missing_object(server: Server) -> None:
    with pytest.raises(NoSuchKindError, match="v1/Unheard"):
        client(server.url).resource(Kind("", "v1", "Unheard"))


def test_warnings_of_the_server_are_passed_on(server: Server) -> None:
    server.answers = [(200, {"warned": True})]
    assert client(server.url).request("GET", "/x").warnings == ['unknown field "spec.foo"']


def test_cancelling_ends_a_wait_at_once(server: Server) -> None:
    server.answers = [(503, {})]
    patient = client(server.url, patience=60)
    threading.Timer(0.2, patient.cancel).start()
    with pytest.raises(CancelledError):
        patient.request("GET", "/x")


def create(server: Server, **options: Any) -> Any:
    settings: dict[str, Any] = {
        "upsert": False,
        "force": False,
        "dry_run": False,
        "waiting": lambda _: None,
    }
    return apply.create(client(server.url), OBJECT, "manager-1", **(settings | options)).body


def test_a_create_whose_answer_was_lost_is_recognised_as_its_own(server: Server) -> None:
    mine = {
        **OBJECT,
        "metadata": {**OBJECT["metadata"], "managedFields": [{"manager": "manager-1"}]},
    }
    exists = {"reason": "AlreadyExists", "message": "already exists"}
    server.answers = [(0, None), (409, exists), (200, mine)]
    assert create(server) == mine


def test_an_object_of_somebody_else_is_not_taken_over(server: Server) -> None:
    exists = {"reason": "AlreadyExists", "message": "already exists"}
    server.answers = [(409, exists), (200, OBJECT)]
    with pytest.raises(ApiError, match="already exists"):
        create(server)


def test_a_namespace_that_is_about_to_appear_is_waited_for(server: Server) -> None:
    missing = {"reason": "NotFound", "message": "no namespace", "details": {"kind": "namespaces"}}
    server.answers = [(404, missing), (404, missing), (201, OBJECT)]
    said: list[str] = []
    assert create(server, waiting=said.append) == OBJECT
    assert said[0] == "Retry #1; creation failed: no namespace"


def test_a_conflict_names_field_manager_and_way_out(server: Server) -> None:
    cause = {"reason": "FieldManagerConflict", "field": ".spec.rules",
             "message": 'conflict with "agent" using v1'}  # fmt: skip
    server.answers = [(409, {"reason": "Conflict", "details": {"causes": [cause]}})]
    with pytest.raises(apply.FieldConflictError) as raised:
        create(server, upsert=True)
    assert raised.value.managers == {"agent"}
    for part in (".spec.rules", '"agent"', "manager-1", 'pulumi.com/patchForce: "true"'):
        assert part in str(raised.value)


def test_what_was_created_plainly_is_adopted_before_it_is_applied(server: Server) -> None:
    live = {
        **OBJECT,
        "metadata": {
            **OBJECT["metadata"],
            "resourceVersion": "7",
            "managedFields": [
                {"manager": "manager-1", "operation": "Update", "fieldsV1": {"f:data": {}}},
                {"manager": "agent", "operation": "Update", "fieldsV1": {"f:spec": {}}},
            ],
        },
    }
    server.answers = [(200, live), (200, live), (200, {"applied": True})]
    answer = apply.update(
        client(server.url), OBJECT, "manager-1", ignored=[], force=False, dry_run=False
    )
    assert answer.body == {"applied": True}
    managers = server.seen[1][2][0]["value"]
    assert [(m["manager"], m["operation"]) for m in managers] == [
        ("agent", "Update"),
        ("manager-1", "Apply"),
    ]
    assert "force=false" in server.seen[2][1]


def test_an_ignored_field_of_others_is_left_out_and_one_of_ours_keeps_its_value() -> None:
    def fields(manager: str, name: str) -> dict[str, Any]:
        return {"manager": manager, "fieldsV1": {"f:spec": {f"f:{name}": {}}}}

    live = {
        "metadata": {"managedFields": [fields("hpa", "replicas"), fields("me", "paused")]},
        "spec": {"replicas": 7, "paused": True},
    }
    wanted = {"spec": {"replicas": 2, "paused": False, "other": 1}}
    ignored = [("spec", "replicas"), ("spec", "paused"), ("spec", "missing")]
    sent = apply.leave_ignored(wanted, live, "me", ignored)
    assert sent == {"spec": {"paused": True, "other": 1}}
