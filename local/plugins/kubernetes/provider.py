"""The engine's side of the provider: what it asks, in terms of the modules beside this one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from local.plugins import servicer
from local.plugins.differences import to_wire
from local.plugins.kubernetes import apply, checkpoint, diff, kubeconfig, naming, settings, waiting
from local.plugins.kubernetes.answering import answering
from local.plugins.kubernetes.client import (
    Answer,
    ApiError,
    CancelledError,
    Client,
    NoSuchKindError,
    UnreachableError,
)
from local.plugins.kubernetes.force_new import force_new
from local.plugins.kubernetes.objects import (
    AUTONAMED,
    REPLACE_UNREADY,
    SKIP_AWAIT,
    TIMEOUT_SECONDS,
    Kind,
    KubeObject,
    annotated,
    annotation,
    clone,
    get,
    id_of,
    kind_of,
    name_of,
    namespace_of,
    normalized,
    rename_keys,
    split_id,
)
from local.plugins.kubernetes.readiness import WaitForError, awaiting
from local.plugins.kubernetes.tokens import kind_of_urn, not_done
from local.plugins.paths import covers, parse_path
from local.plugins.problems import InitFailedError, RefusedError
from local.plugins.reporting import Reporter
from local.plugins.values import (
    Properties,
    from_struct,
    has_unknown,
    to_struct,
)

SERVICE = Kind("", "v1", "Service")
_SKIP_DELETION_WAIT = {
    "Namespace",
    "Pod",
    "ReplicationController",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "Job",
}
"""Kinds whose deletion `pulumi.com/skipAwait` lets pass unwatched, as the official one does."""


@dataclass(frozen=True)
class Desired:
    """What one request wants of one object."""

    marked: Properties
    """The properties as given, secrets marked."""
    obj: KubeObject
    """The same, as the API server wants it."""
    manager: str
    reporter: Reporter


class KubernetesProvider(servicer.Provider):
    """Kubernetes resources, by server-side apply against a real API server."""

    package = "kubernetes"
    version = "4.34.2"

    def __init__(self, engine: str | None) -> None:
        super().__init__(engine)
        self._settings = settings.Settings()
        self._client: Client | None = None
        self._problem = "the provider has not been configured"

    def not_done(self, what: str) -> str:
        """That something is missing here, and the two ways around it."""
        return not_done(what)

    def cancel(self) -> None:
        """Stop whatever is waited for."""
        if self._client is not None:
            self._client.cancel()

    # -- configuration ----------------------------------------------------------------------

    @answering
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        return provider_pb2.CheckResponse(inputs=request.news)

    @answering
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Another cluster needs all objects anew; any other setting just applies."""
        olds, news = (checkpoint.to_object(from_struct(s)) for s in (request.olds, request.news))
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        if not changed:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        replaces = []
        if "clusterIdentifier" in changed and olds.get("clusterIdentifier"):
            replaces = ["clusterIdentifier"] if news.get("clusterIdentifier") else []
        elif "clusterIdentifier" not in news:
            before, after = (_active_cluster(values) for values in (olds, news))
            if before is not None and after is not None and before != after:
                replaces = [key for key in ("kubeconfig", "context", "cluster") if key in changed]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME, diffs=changed, replaces=replaces
        )

    @answering
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Read the settings. A kubeconfig that can't be used is reported when it is needed."""
        self._settings = settings.read(dict(request.variables))
        try:
            connection = kubeconfig.load(
                self._settings.kubeconfig,
                context=self._settings.context,
                cluster=self._settings.cluster,
                namespace=self._settings.namespace,
            )
            self._client = Client(connection)
        except kubeconfig.KubeconfigError as error:
            self._problem = str(error)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            supports_autonaming_configuration=True,
        )

    @property
    def client(self) -> Client:
        """The API server's client. Raises UnreachableError when there is no kubeconfig."""
        if self._client is None:
            raise UnreachableError(f"no Kubernetes cluster to talk to: {self._problem}")
        return self._client

    # -- resources --------------------------------------------------------------------------

    @answering
    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Fill in what may be left out: a name, the namespace of the provider's configuration."""
        kind = kind_of_urn(request.urn)
        given = from_struct(request.news)
        wanted = checkpoint.to_object(given)
        before = checkpoint.to_object(from_struct(request.olds))
        if not has_unknown(wanted):
            wanted = normalized(wanted)
        if get(wanted, "metadata", "generateName") and not naming.is_named(wanted):
            raise RefusedError(
                "metadata.generateName can't be used with server-side apply: give"
                " metadata.name, or leave both out for a generated name"
            )
        proposed = request.autonaming.proposed_name if request.HasField("autonaming") else ""
        wanted = naming.named(
            wanted, before, request.urn.rsplit("::", 1)[-1], request.randomSeed, proposed
        )
        wanted = self._with_namespace(wanted, kind)
        return provider_pb2.CheckResponse(
            inputs=to_struct(checkpoint.secret_like(rename_keys(wanted, dashed=False), given))
        )

    def _with_namespace(self, wanted: KubeObject, kind: Kind) -> KubeObject:
        default = self._client.connection.namespace if self._client else self._settings.namespace
        metadata = wanted.get("metadata") or {}
        if not default or not isinstance(metadata, dict) or metadata.get("namespace"):
            return wanted
        if not self._is_namespaced(kind):
            return wanted
        return {**wanted, "metadata": {**metadata, "namespace": default}}

    def _is_namespaced(self, kind: Kind) -> bool:
        try:
            return self.client.resource(kind).namespaced
        except (NoSuchKindError, UnreachableError):
            return True

    @answering
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Compare the live object in the state with what is wanted; the cluster is not asked."""
        inputs, live = checkpoint.parse(from_struct(request.olds))
        wanted = checkpoint.to_object(from_struct(request.news))
        inputs = normalized(inputs)
        if not has_unknown(wanted):
            wanted = normalized(wanted)
        base = diff.prune(live, inputs)
        self._align(base, live, wanted)
        changes = diff.differences(
            base,
            wanted,
            inputs,
            force_new(
                wanted,
                config_maps_mutable=self._settings.config_maps_mutable,
                secrets_mutable=self._settings.secrets_mutable,
            ),
        )
        ignored = [parse_path(text) for text in request.ignoreChanges]
        changes = [c for c in changes if not any(covers(i, c.path) for i in ignored)]
        replaces = [c.text for c in changes if c.replaces]
        replaces += [c.text for c in changes if c.path == ("metadata",) and not c.replaces]
        if annotated(wanted, REPLACE_UNREADY) and self._has_failed(live):
            replaces.append(f'metadata.annotations["{REPLACE_UNREADY}"]')
        same_place = (
            naming.is_named(wanted)
            and not annotated(wanted, AUTONAMED)
            and get(wanted, "metadata", "name") == name_of(live)
            and get(wanted, "metadata", "namespace", default="") == namespace_of(base)
        )
        some = bool(changes or replaces)
        return provider_pb2.DiffResponse(
            changes=(
                provider_pb2.DiffResponse.DIFF_SOME if some else provider_pb2.DiffResponse.DIFF_NONE
            ),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and same_place,
            detailedDiff={c.text: to_wire(c) for c in changes},
            hasDetailedDiff=True,
        )

    def _align(self, base: KubeObject, live: KubeObject, wanted: KubeObject) -> None:
        """Leave out of the comparison what only looks different: the default namespace."""
        kind = kind_of(wanted)
        for obj in (base, wanted):
            metadata = obj.setdefault("metadata", {})
            if not isinstance(metadata, dict):
                continue
            if self._is_namespaced(kind):
                metadata["namespace"] = metadata.get("namespace") or "default"
            else:
                metadata.pop("namespace", None)
        base["metadata"].pop("resourceVersion", None)
        for field in ("apiVersion", "kind"):
            base.setdefault(field, wanted.get(field))
        if naming.is_named(wanted):
            base["metadata"]["name"] = name_of(live)

    def _has_failed(self, live: KubeObject) -> bool:
        """Whether a Job that is to be replaced when it fails has failed."""
        if kind_of(live).kind != "Job":
            return False
        try:
            now = self.client.get(kind_of(live), namespace_of(live), name_of(live))
        except (ApiError, UnreachableError):
            return False
        rule = awaiting(now)
        return rule is not None and rule.rule(now, 0).failed

    @answering
    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Make the object and wait until it is ready."""
        desired = self._desired(request.urn, request.properties, {})
        if request.preview and not self._can_preview(desired.obj):
            return provider_pb2.CreateResponse(properties=request.properties)
        try:
            answer = apply.create(
                self.client,
                desired.obj,
                desired.manager,
                upsert=self._settings.upsert,
                force=apply.forced(desired.obj, by_default=self._settings.patch_force),
                dry_run=request.preview,
                waiting=desired.reporter.status,
            )
        except ApiError as error:
            # What is there now may be gone by then: the engine may delete it first.
            unknowable = error.missing_namespace or error.reason in ("AlreadyExists", "Forbidden")
            if request.preview and unknowable:
                return provider_pb2.CreateResponse(properties=request.properties)
            raise RefusedError(_creation_failed(desired.obj, error)) from error
        self._pass_on(answer, desired.reporter)
        if request.preview:
            answer.body.pop("status", None)
            return provider_pb2.CreateResponse(
                properties=to_struct(self._state(desired, answer.body))
            )
        live = self._finish(desired, answer.body, request.timeout, "was created")
        return provider_pb2.CreateResponse(
            id=id_of(live), properties=to_struct(self._state(desired, live))
        )

    @answering
    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Change the object in place and wait until it is ready."""
        olds = from_struct(request.olds)
        desired = self._desired(request.urn, request.news, olds)
        if request.preview and not self._can_preview(desired.obj):
            return provider_pb2.UpdateResponse(properties=request.news)
        _, old_live = checkpoint.parse(olds)
        target = _addressed(desired.obj, old_live)
        try:
            answer = apply.update(
                self.client,
                target,
                desired.manager,
                ignored=[parse_path(text) for text in request.ignoreChanges],
                force=apply.forced(desired.obj, by_default=self._settings.patch_force),
                dry_run=request.preview,
            )
        except (ApiError, apply.FieldConflictError) as error:
            if not request.preview:
                raise self._failed_update(desired, old_live, error) from error
            if isinstance(error, ApiError) and error.code in (403, 404):
                return provider_pb2.UpdateResponse(properties=request.news)
            raise
        self._pass_on(answer, desired.reporter)
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=to_struct(self._state(desired, answer.body))
            )
        live = self._finish(desired, answer.body, request.timeout, "was changed")
        remembered = olds.get(checkpoint.FIELD_MANAGER, "")
        if remembered and remembered != desired.manager:
            apply.relinquish(self.client, live, remembered)
        return provider_pb2.UpdateResponse(properties=to_struct(self._state(desired, live)))

    def _failed_update(self, desired: Desired, old_live: KubeObject, error: Exception) -> Exception:
        """A refused change is kept as unfinished: the next `up` tries it again.

        The official provider does it this way, with the new inputs and the live object as it is.
        """
        try:
            live = self.client.get(kind_of(old_live), namespace_of(old_live), name_of(old_live))
        except (ApiError, NoSuchKindError, UnreachableError) as unreadable:
            return RefusedError(
                f"{_title(old_live)} could not be changed: {error}\n"
                f"and its state in the cluster can't be read: {unreadable}"
            )
        message = f"{_title(old_live)} could not be changed: {error}"
        return InitFailedError(message, id_of(live), self._state(desired, live), [str(error)])

    @answering
    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """The live object, for refresh, import and `.get`; an empty id when it is gone."""
        state = from_struct(request.properties)
        given = from_struct(request.inputs)
        inputs = normalized(checkpoint.to_object(given))
        _, old_live = checkpoint.parse(state)
        kind = kind_of(inputs if inputs.get("kind") else old_live)
        imported = not kind.kind
        if imported:
            kind = kind_of_urn(request.urn)
        namespace, name = split_id(request.id)
        try:
            live = self._read_live(kind, namespace, name)
        except UnreachableError as error:
            return self._unreachable_read(request, error)
        if live is None:
            return provider_pb2.ReadResponse()
        live_inputs = _importable(live) if imported else diff.prune(live, inputs)
        manager = naming.field_manager(inputs, state.get(checkpoint.FIELD_MANAGER, ""))
        read_state = checkpoint.outputs(
            live_inputs,
            live,
            given,
            manager,
            state.get(checkpoint.INITIAL_API_VERSION) or kind.api_version,
        )
        read_inputs = checkpoint.secret_like(rename_keys(live_inputs, dashed=False), given)
        reasons = [] if imported else self._unready_reasons(inputs, live)
        if reasons:
            failure = InitFailedError(
                f"{_title(live)} is not ready: {'; '.join(reasons)}",
                request.id,
                read_state,
                reasons,
            )
            failure.inputs = read_inputs
            raise failure
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(read_state), inputs=to_struct(read_inputs)
        )

    def _read_live(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        if not name:
            raise RefusedError("the id is empty: give namespace/name, or name where there is none")
        try:
            resource = self.client.resource(kind)
            if resource.namespaced and not namespace:
                namespace = self.client.connection.namespace or "default"
            return self.client.get(kind, namespace, name)
        except NoSuchKindError:
            return None
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def _unreachable_read(self, request: Any, error: UnreachableError) -> Any:
        reporter = Reporter(self._engine, request.urn)
        if self._settings.delete_unreachable:
            reporter.warn(f"{error}\ndeleteUnreachable is set: taken out of the state")
            return provider_pb2.ReadResponse()
        if self._settings.skip_update_unreachable:
            reporter.warn(f"{error}\nskipUpdateUnreachable is set: left as it is in the state")
            return provider_pb2.ReadResponse(
                id=request.id, properties=request.properties, inputs=request.inputs
            )
        raise UnreachableError(
            f"{error}\nIf the cluster is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true to"
            " take its objects out of the state"
        )

    def _unready_reasons(self, inputs: KubeObject, live: KubeObject) -> list[str]:
        """Why the object is not ready at this moment, for the kinds that a refresh reports."""
        if annotated(inputs, SKIP_AWAIT):
            return []
        if kind_of(live) == SERVICE:
            return list(waiting.service_readiness(self.client, live).reasons)
        rule = awaiting(live)
        if rule is None or not rule.on_read:
            return []
        state = rule.rule(live, 0)
        return [] if state.ready else waiting.explained(self.client, live, state)

    @answering
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Delete the object and wait until it is gone."""
        inputs, live = checkpoint.parse(from_struct(request.properties))
        namespace, name = split_id(request.id)
        target = _addressed(inputs, live)
        target.setdefault("metadata", {}).setdefault("name", name)
        if namespace:
            target["metadata"].setdefault("namespace", namespace)
        reporter = Reporter(self._engine, request.urn)
        try:
            left = apply.delete(self.client, target)
            unwatched = annotated(inputs, SKIP_AWAIT) and kind_of(live).kind in _SKIP_DELETION_WAIT
            if left is not None and not unwatched:
                timeout = _timeout(inputs, request.timeout)
                waiting.until_gone(self.client, left, timeout=timeout, status=reporter.status)
        except UnreachableError as error:
            if not self._settings.delete_unreachable:
                raise
            reporter.warn(f"{error}\ndeleteUnreachable is set: taken out of the state")
        return empty_pb2.Empty()

    # -- parts of the above -----------------------------------------------------------------

    def _desired(self, urn: str, properties: Any, olds: Properties) -> Desired:
        kind_of_urn(urn)
        marked = from_struct(properties)
        obj = checkpoint.to_object(marked)
        if not has_unknown(obj):
            obj = normalized(obj)
        manager = naming.field_manager(obj, olds.get(checkpoint.FIELD_MANAGER, ""))
        return Desired(marked, obj, manager, Reporter(self._engine, urn))

    def _can_preview(self, obj: KubeObject) -> bool:
        """Whether a dry run can tell anything: all known, kind served, server there."""
        if has_unknown(obj):
            return False
        try:
            return self.client.serves(kind_of(obj))
        except UnreachableError:
            return False

    def _state(self, desired: Desired, live: KubeObject) -> Properties:
        api_version = str(desired.obj.get("apiVersion", ""))
        return checkpoint.outputs(desired.obj, live, desired.marked, desired.manager, api_version)

    def _finish(self, desired: Desired, live: KubeObject, timeout: float, done: str) -> KubeObject:
        """Wait for readiness. Raises InitFailedError, which keeps the object in the state."""
        seconds = _timeout(desired.obj, timeout)
        reporter = desired.reporter
        try:
            if annotated(desired.obj, SKIP_AWAIT):
                return live
            if kind_of(live) == SERVICE:
                return waiting.until_service_ready(
                    self.client, live, timeout=seconds, status=reporter.status
                )
            rule = awaiting(live)
            if rule is None:
                return live
            return waiting.until_ready(
                self.client,
                live,
                rule,
                timeout=seconds,
                status=reporter.status,
                warn=reporter.warn,
            )
        except waiting.NotReadyError as error:
            message = f"{_title(live)} {done}, but {error}"
            reasons = [str(error).splitlines()[0], *error.reasons]
            raise InitFailedError(
                message, id_of(live), self._state(desired, error.obj), reasons
            ) from error
        except (ApiError, UnreachableError, CancelledError, WaitForError) as error:
            why = "waiting for it was cancelled" if isinstance(error, CancelledError) else error
            message = f"{_title(live)} {done}, but whether it is ready is not known: {why}"
            raise InitFailedError(
                message, id_of(live), self._state(desired, live), [message]
            ) from error

    def _pass_on(self, answer: Answer, reporter: Reporter) -> None:
        for warning in answer.warnings:
            if self._settings.quiet_deprecations and "deprecated" in warning:
                continue
            reporter.warn(warning)


def _title(obj: KubeObject) -> str:
    return f"{kind_of(obj).kind} {id_of(obj)!r}"


def _creation_failed(obj: KubeObject, error: ApiError) -> str:
    text = f"{_title(obj)} was not created: the API server says: {error}"
    if error.reason == "AlreadyExists":
        text += (
            "\nIt belongs to somebody else, or to an `up` that was killed. To take it over, set"
            " kubernetes:upsertExistingObjects to true and the annotation"
            ' pulumi.com/patchForce: "true" on the object, or import it (pulumi import)'
        )
    return text


def _addressed(obj: KubeObject, live: KubeObject) -> KubeObject:
    """A copy of `obj` with the identity of the live object."""
    result: KubeObject = clone(obj)
    metadata = result.setdefault("metadata", {})
    for field in ("apiVersion", "kind"):
        result.setdefault(field, live.get(field))
    if name_of(live):
        metadata["name"] = name_of(live)
    if namespace_of(live):
        metadata["namespace"] = namespace_of(live)
    return result


def _timeout(obj: KubeObject, requested: float) -> float | None:
    """Seconds: the resource's customTimeouts, else the annotation, else None."""
    if requested:
        return float(requested)
    text = annotation(obj, TIMEOUT_SECONDS)
    return float(text) if text.isdigit() else None


def _importable(live: KubeObject) -> KubeObject:
    """A live object as a program could have written it."""
    inputs = normalized({key: value for key, value in live.items() if key != "status"})
    annotations = get(inputs, "metadata", "annotations", default={})
    for noise in (
        "deployment.kubernetes.io/revision",
        "kubectl.kubernetes.io/last-applied-configuration",
    ):
        annotations.pop(noise, None)
    return inputs


def _active_cluster(values: KubeObject) -> Any:
    config = values.get("kubeconfig") or ""
    text = config if isinstance(config, str) else json.dumps(config)
    return kubeconfig.active_cluster(
        text, str(values.get("context") or ""), str(values.get("cluster") or "")
    )
