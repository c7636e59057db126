"""The program stays until every resource with hooks is done, also when another one has failed.

The SDK ends a program at the first failure. The engine would then call the hook of a resource that
was still on its way in a program that is gone, and `pulumi up` would hang.
"""

import asyncio

import pulumi
from pulumi.runtime import register_stack_transformation


def stay_for_hooks() -> None:
    """Ask for it; call it before the first resource is declared."""
    guarded: list[pulumi.Resource] = []

    def remember(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if args.opts.hooks is not None:
            guarded.append(args.resource)
        return None

    async def wait() -> None:
        # Failures are told by the SDK itself, once this has waited for all of them.
        await asyncio.gather(
            *(resource.urn.future() for resource in guarded), return_exceptions=True
        )

    register_stack_transformation(remember)
    pulumi.run(wait)
