"""The Kubernetes API as this project uses it: read and write JSON objects in one namespace.

"Not there" is None; everything else that is no answer is `CouldNotFindOut`, after short retries:
each call may reach the server twice (`ops.api_server`), and comes to the same.
"""

import builtins
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx2
from lightkube import ApiError, Client
from lightkube.generic_resource import GenericGlobalResource, GenericNamespacedResource
from lightkube.resources.core_v1 import PodLog
from lightkube.types import CascadeType, PatchType

from ops import kubeconfig
from ops.api_server import CHANGED, EXISTS, ApiServer, Conflict, NotThere, holds, to_version
from ops.body import Body
from ops.clock import SharedClock
from ops.errors import CouldNotFindOut, NoAccess
from ops.kinds import KINDS, SELF_REVIEW

__all__ = ["Body", "Cluster", "Conflict", "LogWish"]

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 5.0


@dataclass(frozen=True)
class LogWish:
    """What of a container's log is wanted.

    `since_seconds` back from now, None: all. `previous`: of the run before the last restart.
    `timed`: each line begins with its time (RFC 3339) and a space.
    """

    since_seconds: int | None = None
    follow: bool = False
    previous: bool = False
    timed: bool = False

    def params(self, container: str) -> Body:
        """The API's parameters."""
        return {
            "container": container,
            "sinceSeconds": self.since_seconds,
            "follow": self.follow,
            "previous": self.previous,
            "timestamps": self.timed,
        }


class Cluster:
    """One namespace of one cluster."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._clock = SharedClock(self._server_time)
        self.namespace = namespace

    @classmethod
    def connect(
        cls, namespace: str, *, context: str | None = None, field_manager: str = "legal-ai"
    ) -> "Cluster":
        """Use the kubeconfig that `KUBECONFIG` or the home folder has, or the pod's own account.

        Raises `NoAccess` when there is none, none of that name, or it can't be read.
        """
        client = kubeconfig.client(
            namespace, context=context, field_manager=field_manager, timeout_seconds=TIMEOUT_SECONDS
        )
        return cls(client, namespace)

    def require_access(self) -> None:
        """Raise NoAccess where this account has no rights here; any other answer is let pass.

        For commands that look at many things and say of each whether it could be read.
        """
        try:
            self.get("ConfigMap", "kube-root-ca.crt")
        except NoAccess:
            raise
        except CouldNotFindOut:
            return

    def get(self, kind: str, name: str) -> Body | None:
        """The object, or None when it is not there."""
        try:
            return self._look_for(
                f"get {kind} {name}", lambda: _body(self._client.get(KINDS[kind], name))
            )
        except NotThere:
            return None

    def list(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        """All objects of a kind with these labels."""
        wanted: dict[str, Any] = dict(labels)
        return self._ask(
            f"list {kind}",
            lambda: [_body(o) for o in self._client.list(KINDS[kind], labels=wanted)],
        )

    def list_if_known(self, kind: str) -> builtins.list[Body]:
        """All objects of a kind, none where the cluster doesn't know the kind."""
        try:
            return self._look_for(
                f"list {kind}", lambda: [_body(o) for o in self._client.list(KINDS[kind])]
            )
        except NotThere:
            return []

    def changes(self, kind: str, name: str) -> Iterator[None]:
        """Yields once for what is there, and once for each change of the object, without end.

        Raises `CouldNotFindOut` when the API server ends it with an error. It is a hint to look: a
        connection that was lost without a word may stay silent for ever.
        """
        what = f"watch {kind} {name}"
        try:
            # From whatever the server has in its cache: a newer state may have to be waited for.
            by_name: dict[str, Any] = {"metadata.name": name}
            for _ in self._client.watch(KINDS[kind], fields=by_name, resource_version="0"):
                yield
        except (ApiError, httpx2.HTTPError) as error:
            came_back = f"{type(error).__name__}: {error}"
            raise CouldNotFindOut(self._server.unanswered(what, came_back)) from error

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        """Merge `patch` into the object (RFC 7396: lists are replaced whole).

        With `metadata.resourceVersion` in it, raises `Conflict` if the object is newer than that.
        """
        what = f"patch {kind} {name}"

        def write() -> Body:
            return _body(self._client.patch(KINDS[kind], name, patch, patch_type=PatchType.MERGE))

        def write_to_version() -> Body:
            try:
                return self._look_for(what, write, (CHANGED,))
            except NotThere as error:
                raise Conflict(f"{error}: it was deleted meanwhile") from error

        if "resourceVersion" not in patch.get("metadata", {}):
            return self._ask(what, write)
        return to_version(patch, write_to_version, lambda: self.get(kind, name))

    def scale(self, name: str, replicas: int) -> None:
        """Give a Deployment so many replicas, by its subresource: what only scaling has rights to.

        Raises CouldNotFindOut where there is no such Deployment.
        """
        change = {"spec": {"replicas": replicas}}
        what = f"scale Deployment {name} to {replicas}"
        scale = KINDS["Deployment"].Scale
        self._ask(what, lambda: self._client.patch(scale, name, change, patch_type=PatchType.MERGE))

    def patch_status(self, kind: str, name: str, status: Body) -> None:
        """Merge `status` into the object's status, which `patch` leaves alone."""
        self._ask(
            f"patch the status of {kind} {name}",
            lambda: self._client.patch(
                KINDS[kind].Status, name, {"status": status}, patch_type=PatchType.MERGE
            ),
        )

    def create(self, body: Body) -> Body:
        """Make an object that is not there yet; raises `Conflict` if it is."""
        kind, name = body["kind"], body["metadata"]["name"]
        metadata = {**body["metadata"], "namespace": self.namespace}
        made = KINDS[kind].from_dict({**body, "metadata": metadata})
        # The server gives this back as `data`, encoded.
        told = {key: value for key, value in body.items() if key != "stringData"}
        try:
            return self._ask(
                f"create {kind} {name}", lambda: _body(self._client.create(made)), (EXISTS,)
            )
        except Conflict as conflict:
            found = self.get(kind, name) if conflict.may_be_ours else None
            if found is None or not holds(found, told):
                raise
            return found

    def log(self, pod: str, container: str) -> str:
        """What the container has printed so far; empty while it has not started, or is gone."""

        def ask() -> str:
            try:
                return "".join(self._client.log(pod, container=container))
            except ApiError as error:
                # The kubelet's way to say that there is no such container yet, or any more.
                if error.status.code == 400:
                    return ""
                raise

        try:
            return self._look_for(f"read the log of pod {pod}", ask)
        except NotThere:
            return ""

    def log_lines(self, pod: str, container: str, wish: LogWish) -> Iterator[str]:
        """A container's log line by line as it comes, without line ends.

        Nothing where the container has not started, or there was none before. Raises
        CouldNotFindOut, also between two lines.
        """
        what = f"read the log of {container} in pod {pod}"
        asked: Any = self._client._client  # its own `log` can't ask for the container before
        request = asked.prepare_request(
            "get", PodLog, name=pod, namespace=self.namespace, params=wish.params(container)
        )
        if wish.follow:
            request.timeout = httpx2.Timeout(TIMEOUT_SECONDS, read=None)

        def begin() -> httpx2.Response | None:
            answer: httpx2.Response = asked.send(asked.build_adapter_request(request), stream=True)
            if answer.is_error:
                answer.read()
                # The kubelet's way to say that there is no such container yet, or any more.
                if answer.status_code == 400:
                    return None
                asked.raise_for_status(answer)
            return answer

        try:
            answer = self._look_for(what, begin)
        except NotThere:
            return
        if answer is None:
            return
        try:
            with contextlib.closing(answer):
                yield from answer.iter_lines()
        except httpx2.HTTPError as error:
            told = f"{type(error).__name__}: {error}"
            raise CouldNotFindOut(self._server.unanswered(what, told)) from error

    def put_config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Write a ConfigMap whole, whether it is there or not."""
        body = KINDS["ConfigMap"].from_dict(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": self.namespace},
                "data": dict(data),
            }
        )
        self._ask(f"write ConfigMap {name}", lambda: self._client.apply(body, force=True))

    def delete(self, kind: str, name: str) -> None:
        """Delete the object, and what it owns; it's fine if it is gone already."""
        try:
            self._look_for(
                f"delete {kind} {name}",
                lambda: self._client.delete(KINDS[kind], name, cascade=CascadeType.BACKGROUND),
            )
        except NotThere:
            return

    def server_now(self) -> datetime:
        """The time by the API server's clock, for what others compare with their own.

        Raises `CouldNotFindOut` while the server was never asked with success.
        """
        return self._clock.now()

    def _server_time(self) -> datetime | None:
        """To the second, nothing is written for it; None where the server does not tell."""
        asked = SELF_REVIEW.from_dict({})
        try:
            answer = self._look_for("ask for the time", lambda: _body(self._client.create(asked)))
        except (NotThere, NoAccess):
            return None
        told = answer["metadata"].get("creationTimestamp")
        return datetime.fromisoformat(told) if told else None

    def _ask(self, what: str, call: Callable[[], T], answers: Collection[str] = ()) -> T:
        """As `ApiServer.ask`; where it must be there, what is not is `CouldNotFindOut`."""
        try:
            return self._look_for(what, call, answers)
        except NotThere as error:
            raise CouldNotFindOut(f"{error}. Is it the right namespace?") from error

    def _look_for(self, what: str, call: Callable[[], T], answers: Collection[str] = ()) -> T:
        return self._server.ask(what, call, answers)

    @property
    def _server(self) -> ApiServer:
        return ApiServer(self._client.config.cluster.server, self.namespace)


def _body(resource: GenericNamespacedResource | GenericGlobalResource) -> Body:
    body: Body = resource.to_dict()  # type: ignore[no-untyped-call]
    return body
