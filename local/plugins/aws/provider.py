"""The engine's side of the provider: what it asks, in terms of the modules beside this one."""

from __future__ import annotations

import re
import threading
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from local.plugins import servicer
from local.plugins.answering import answering_for
from local.plugins.aws import settings, states
from local.plugins.aws.catalog import not_done, resource_of, token_of
from local.plugins.aws.checking import DEFAULTS, Surroundings, check, plain
from local.plugins.aws.comparing import same
from local.plugins.aws.lifecycle import Lifecycle
from local.plugins.aws.region import Region
from local.plugins.aws.resource import Plain, Resource
from local.plugins.differences import to_wire
from local.plugins.paths import covers, parse_path
from local.plugins.reporting import Reporter
from local.plugins.values import Properties, from_struct, to_struct

_WITH_REGION = re.compile(r"(.+)@([a-z]{2}(?:-[a-z]+)+-\d)")
"""An id to import may name its region."""

answering = answering_for("AWS")


class AwsProvider(servicer.Provider):
    """AWS resources, through boto3 against the AWS API of this machine."""

    package = "aws"
    version = "7.51.1"

    def __init__(self, engine: str | None) -> None:
        super().__init__(engine)
        self._settings = settings.Settings()
        self._regions: dict[str, Region] = {}
        self._lock = threading.Lock()

    def not_done(self, what: str) -> str:
        """That something is missing here, and the way around it."""
        return not_done(what)

    # -- configuration ----------------------------------------------------------------------

    @answering
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        return provider_pb2.CheckResponse(inputs=request.news)

    @answering
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Another region needs all resources anew; any other setting just applies."""
        olds, news = (plain(from_struct(values)) for values in (request.olds, request.news))
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        kinds = provider_pb2.DiffResponse
        moved = "region" in changed and olds.get("region") and news.get("region")
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=["region"] if moved else [],
        )

    @answering
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Read the settings. That there is no AWS API is reported when one is needed."""
        self._settings = settings.read(dict(request.variables))
        for warning in self._settings.warnings:
            Reporter(self._engine, "").warn(warning)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            supports_autonaming_configuration=True,
        )

    # -- resources --------------------------------------------------------------------------

    @answering
    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Complete what the program gave, and say what is wrong with it."""
        resource = resource_of(token_of(request.urn))
        proposed = request.autonaming.proposed_name if request.HasField("autonaming") else ""
        around = Surroundings(
            logical_name=request.urn.rsplit("::", 1)[-1],
            region=self._settings.region,
            default_tags=self._settings.default_tags,
            proposed_name=proposed,
            seed=request.randomSeed,
        )
        checked = check(resource, from_struct(request.news), from_struct(request.olds), around)
        failures = [
            provider_pb2.CheckFailure(property=path, reason=reason)
            for path, reason in checked.problems
        ]
        return provider_pb2.CheckResponse(inputs=to_struct(checked.inputs), failures=failures)

    @answering
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Compare the state with what is wanted; AWS is not asked."""
        resource = resource_of(token_of(request.urn))
        news = from_struct(request.news)
        state, wanted = states.known(from_struct(request.olds)), plain(news)
        ignored = [parse_path(text) for text in request.ignoreChanges]
        changes = [
            change
            for change in self._lifecycle(resource, state, request.urn).changes(state, wanted)
            if not any(covers(pattern, change.path) for pattern in ignored)
        ]
        replaces = [change.text for change in changes if change.replaces]
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changes else kinds.DIFF_NONE,
            diffs=sorted({str(change.path[0]) for change in changes}),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and _needs_its_place(resource, state, news),
            detailedDiff={change.text: to_wire(change) for change in changes},
            hasDetailedDiff=True,
        )

    @answering
    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Make the resource."""
        resource = resource_of(token_of(request.urn))
        inputs = from_struct(request.properties)
        if request.preview:
            known = states.previewed(resource, inputs)
            return provider_pb2.CreateResponse(properties=to_struct(known))
        wanted = plain(inputs)
        identifier, values = self._lifecycle(resource, wanted, request.urn).create(wanted)
        state = states.outputs(resource, identifier, values, inputs)
        return provider_pb2.CreateResponse(id=identifier, properties=to_struct(state))

    @answering
    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Change the resource in place."""
        resource = resource_of(token_of(request.urn))
        olds, news = from_struct(request.olds), from_struct(request.news)
        if request.preview:
            known = states.previewed_change(olds, news)
            return provider_pb2.UpdateResponse(properties=to_struct(known))
        patterns = [parse_path(text) for text in request.ignoreChanges]
        ignored = {str(path[0]) for path in patterns if len(path) == 1}
        state = states.known(olds)
        wanted = states.with_ignored(state, plain(news), ignored)
        lifecycle = self._lifecycle(resource, state, request.urn)
        values = lifecycle.update(request.id, state, wanted)
        result = states.outputs(resource, request.id, values, {**olds, **news})
        return provider_pb2.UpdateResponse(properties=to_struct(result))

    @answering
    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """What is there now, for refresh and import; an empty id when it is gone."""
        resource = resource_of(token_of(request.urn))
        olds, given = from_struct(request.properties), from_struct(request.inputs)
        state = states.known(olds)
        identifier, region = request.id, ""
        if not state and (named := _WITH_REGION.fullmatch(request.id)):
            identifier, region = named[1], named[2]
        lifecycle = self._lifecycle(resource, state, request.urn, region)
        found = lifecycle.read(identifier, state)
        if found is None:
            return provider_pb2.ReadResponse()
        identifier, values = found
        result = states.outputs(resource, identifier, values, {**given, **olds})
        inputs = states.read_inputs(resource, values, given)
        return provider_pb2.ReadResponse(
            id=identifier, properties=to_struct(result), inputs=to_struct(inputs)
        )

    @answering
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Delete the resource."""
        resource = resource_of(token_of(request.urn))
        state = states.known(from_struct(request.properties))
        self._lifecycle(resource, state, request.urn).delete(request.id, state)
        return empty_pb2.Empty()

    # -- parts of the above -----------------------------------------------------------------

    def _lifecycle(
        self, resource: Resource, values: Plain, urn: str, region: str = ""
    ) -> Lifecycle:
        name = str(region or values.get("region") or self._settings.region)
        warn = Reporter(self._engine, urn).warn
        return Lifecycle(resource, self._region(name), urn, warn, self._settings.default_tags)

    def _region(self, name: str) -> Region:
        with self._lock:
            if name not in self._regions:
                self._regions[name] = Region(
                    name, self._settings.access_key, self._settings.secret_key
                )
            return self._regions[name]


def _needs_its_place(resource: Resource, state: Plain, news: Properties) -> bool:
    """Whether the old one must go before the new one comes: the program itself names it."""
    made_up = news.get(DEFAULTS) or []
    return resource.delete_first or any(
        field.autoname is not None
        and name not in made_up
        and same(field, state.get(name), plain(news).get(name))
        for name, field in resource.fields.items()
    )
