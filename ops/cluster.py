"""The Kubernetes API as this project uses it: read and write JSON objects in one namespace.

"Not there" is None; everything else that is no answer is `CouldNotFindOut`, after short retries.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import httpx2
from lightkube import ApiError, Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.generic_resource import GenericNamespacedResource, create_namespaced_resource
from lightkube.types import CascadeType, PatchType
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from ops.errors import CouldNotFindOut, Refused

Body = dict[str, Any]
T = TypeVar("T")

RETRY_SECONDS: Final = 6.0
"""How long a failing API server is asked again; bursts of 5xx at a restart last a few seconds."""
TIMEOUT_SECONDS: Final = 5.0

_KINDS: Final[Mapping[str, type[GenericNamespacedResource]]] = {
    "ConfigMap": create_namespaced_resource("", "v1", "ConfigMap", "configmaps"),
    "Pod": create_namespaced_resource("", "v1", "Pod", "pods"),
    "Secret": create_namespaced_resource("", "v1", "Secret", "secrets"),
    "Event": create_namespaced_resource("", "v1", "Event", "events"),
    "Deployment": create_namespaced_resource("apps", "v1", "Deployment", "deployments"),
    "CronJob": create_namespaced_resource("batch", "v1", "CronJob", "cronjobs"),
    "Job": create_namespaced_resource("batch", "v1", "Job", "jobs"),
    "Lease": create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases"),
    "Ingress": create_namespaced_resource("networking.k8s.io", "v1", "Ingress", "ingresses"),
    "HTTPRoute": create_namespaced_resource(
        "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"
    ),
}


class Conflict(Refused):
    """Somebody else changed the object after it was read."""


class Cluster:
    """One namespace of one cluster."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    @classmethod
    def connect(
        cls, namespace: str, *, context: str | None = None, field_manager: str = "legal-ai"
    ) -> "Cluster":
        """Use the kubeconfig that `KUBECONFIG` or the home folder has, or the pod's own account.

        Raises `CouldNotFindOut` when there is none, or none of that name.
        """
        try:
            config = KubeConfig.from_env().get(context_name=context)
        except (ConfigError, OSError) as error:
            wanted = f"the context {context!r}" if context else "a current context"
            raise CouldNotFindOut(
                f"no way to the cluster: {wanted} was looked for in the kubeconfig: {error}. "
                "Set KUBECONFIG, or `pulumi config set kubernetes:context NAME`."
            ) from error
        if config is None:
            raise CouldNotFindOut(f"the kubeconfig has no context {context!r}")
        client = Client(
            config=config,
            namespace=namespace,
            field_manager=field_manager,
            timeout=httpx2.Timeout(TIMEOUT_SECONDS),
        )
        return cls(client, namespace)

    def get(self, kind: str, name: str) -> Body | None:
        """The object, or None when it is not there."""
        try:
            return self._ask(
                f"get {kind} {name}", lambda: _body(self._client.get(_KINDS[kind], name))
            )
        except _NotThere:
            return None

    def list(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        """All objects of a kind with these labels."""
        wanted: dict[str, Any] = dict(labels)
        return self._ask(
            f"list {kind}",
            lambda: [_body(o) for o in self._client.list(_KINDS[kind], labels=wanted)],
        )

    def changes(self, kind: str, name: str) -> Iterator[None]:
        """Yields once for what is there, and once for each change of the object, without end.

        Raises `CouldNotFindOut` when the API server ends it with an error. It is a hint to look: a
        connection that was lost without a word may stay silent for ever.
        """
        what = f"watch {kind} {name}"
        try:
            # From whatever the server has in its cache: a newer state may have to be waited for.
            by_name: dict[str, Any] = {"metadata.name": name}
            for _ in self._client.watch(_KINDS[kind], fields=by_name, resource_version="0"):
                yield
        except (ApiError, httpx2.HTTPError) as error:
            came_back = f"{type(error).__name__}: {error}"
            raise CouldNotFindOut(self._unanswered(what, came_back)) from error

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        """Merge `patch` into the object (RFC 7396: lists are replaced whole).

        With `metadata.resourceVersion` in it, raises `Conflict` if the object is newer than that.
        """
        return self._ask(
            f"patch {kind} {name}",
            lambda: _body(
                self._client.patch(_KINDS[kind], name, patch, patch_type=PatchType.MERGE)
            ),
        )

    def scale(self, name: str, replicas: int) -> None:
        """Give a Deployment so many replicas, by its subresource: what only scaling has rights to.

        Raises CouldNotFindOut where there is no such Deployment.
        """
        change = {"spec": {"replicas": replicas}}
        what = f"scale Deployment {name} to {replicas}"
        scale = _KINDS["Deployment"].Scale
        try:
            self._ask(
                what, lambda: self._client.patch(scale, name, change, patch_type=PatchType.MERGE)
            )
        except _NotThere as error:
            raise CouldNotFindOut(f"{what} in {self.namespace}: it is not there") from error

    def patch_status(self, kind: str, name: str, status: Body) -> None:
        """Merge `status` into the object's status, which `patch` leaves alone."""
        self._ask(
            f"patch the status of {kind} {name}",
            lambda: self._client.patch(
                _KINDS[kind].Status, name, {"status": status}, patch_type=PatchType.MERGE
            ),
        )

    def create(self, body: Body) -> Body:
        """Make an object that is not there yet; raises `Conflict` if it is."""
        kind, name = body["kind"], body["metadata"]["name"]
        metadata = {**body["metadata"], "namespace": self.namespace}
        made = _KINDS[kind].from_dict({**body, "metadata": metadata})
        return self._ask(f"create {kind} {name}", lambda: _body(self._client.create(made)))

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
            return self._ask(f"read the log of pod {pod}", ask)
        except _NotThere:
            return ""

    def put_config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Write a ConfigMap whole, whether it is there or not."""
        body = _KINDS["ConfigMap"].from_dict(
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
            self._ask(
                f"delete {kind} {name}",
                lambda: self._client.delete(_KINDS[kind], name, cascade=CascadeType.BACKGROUND),
            )
        except _NotThere:
            return

    def _ask(self, what: str, call: Callable[[], T]) -> T:
        try:
            for attempt in Retrying(
                retry=retry_if_exception(_may_pass),
                stop=stop_after_delay(RETRY_SECONDS),
                wait=wait_random_exponential(multiplier=0.1, max=1.0),
                reraise=True,
            ):
                with attempt:
                    return call()
        except ApiError as error:
            code = error.status.code
            if code == 404:
                raise _NotThere(what) from error
            if code == 409:
                raise Conflict(f"{what}: {error.status.message}") from error
            raise CouldNotFindOut(self._unanswered(what, f"{code}: {error}")) from error
        except httpx2.HTTPError as error:
            raise CouldNotFindOut(self._unanswered(what, f"{type(error).__name__}: {error}")) from (
                error
            )
        raise AssertionError("unreachable: the retry loop returns or raises")

    def _unanswered(self, what: str, came_back: str) -> str:
        server = self._client.config.cluster.server
        return f"{what} in {self.namespace}: the API server {server} answered {came_back}"


class _NotThere(Exception):
    """404: told apart so that callers of `get` and `delete` need not know about HTTP."""


def _body(resource: GenericNamespacedResource) -> Body:
    body: Body = resource.to_dict()  # type: ignore[no-untyped-call]
    return body


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, ApiError):
        return error.status.code in {429, 500, 502, 503, 504}
    return isinstance(error, httpx2.TransportError)
