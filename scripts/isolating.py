"""`incident.py isolate` and `reopen`: with Pulumi's state out of reach, too."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops import isolation, operations
from ops.cluster import Cluster
from ops.errors import UsageError
from ops.incident import shutting
from ops.incident.shutting import Outside
from ops.isolation import Isolation
from ops.stack import Stack
from ops.times import stamp
from ops.who import me
from scripts.console import DryRunOption, JsonOption, StackOption, confirmer, say, show

NamespaceOption = Annotated[
    str | None, typer.Option(help="the stack's namespace: nothing of Pulumi is asked then")
]
ContextOption = Annotated[str | None, typer.Option(help="kubeconfig context, with --namespace")]


@dataclass(frozen=True)
class Place:
    """Where to act. Without Pulumi nobody knows the addresses that people come by."""

    cluster: Cluster
    public: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()

    @classmethod
    def of(cls, stack: Stack | None, namespace: str | None, context: str | None) -> Place:
        """The stack's, or a namespace by its name. Raises UsageError and CouldNotFindOut."""
        if stack is None:
            return cls(Cluster.connect(namespace or "", context=context))
        facts = operations.read(stack)
        cluster = facts.cluster()
        return cls(cluster, (facts.public_url,), tuple(facts.preview_urls.values()))


def isolate(
    reason: Annotated[str, typer.Argument(help="why, for whoever comes next")],
    yes: Annotated[
        str | None,
        typer.Option("--yes-isolate", metavar="STACK", help="the stack's name: no asking"),
    ] = None,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    stack: StackOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Nobody gets in any more, by any route, until `reopen`; pods go on running."""
    if not reason.strip():
        raise UsageError("REASON is empty: whoever comes next goes by it")
    chosen = None if namespace else Stack.chosen(stack)
    # Where nothing of Pulumi is asked, the namespace is the name there is.
    confirm = confirmer(chosen or Stack(namespace or ""), yes, "--yes-isolate")
    place = Place.of(chosen, namespace, context)
    if dry_run:
        found = isolation.routes(place.cluster)
        names = [f"{each['kind']} {each['metadata']['name']}" for each in found]
        text = f"would take off the gateway: {', '.join(names)}"
        show({"dryRun": True, "routes": names}, as_json=as_json, text=text)
        return
    if not confirm(f"this keeps everybody out of {place.cluster.namespace} until `reopen`"):
        raise UsageError("not confirmed, so nothing was changed")
    wanted = Isolation(reason, stamp(datetime.now(UTC)), me())
    outside = Outside((*place.public, *place.previews))
    stands = shutting.shut(place.cluster, wanted, outside, say)
    text = f"{stands}; `{isolation.REOPEN}` lets the public in again"
    show(asdict(stands), as_json=as_json, text=text)


def reopen(
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    stack: StackOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Attach every route as it was before `isolate`."""
    place = Place.of(None if namespace else Stack.chosen(stack), namespace, context)
    if dry_run:
        stands = Isolation.read(place.cluster)
        text = f"would end that {stands}" if stands else "nothing is isolated"
        show({"dryRun": True, "isolated": stands and asdict(stands)}, as_json=as_json, text=text)
        return
    opened = shutting.open_again(place.cluster, Outside(place.public), say)
    text = f"open again: {', '.join(opened)}" if opened else "everything was open"
    show({"opened": opened}, as_json=as_json, text=text)
