"""Stand-in for `pulumi-resource-aws`, where the official one can't be had."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from local.plugins import protocol

if __name__ == "__main__":
    protocol.without_sdk()

from local.plugins.aws.provider import AwsProvider


def main(args: list[str]) -> None:
    """Serve the engine whose address is the last argument."""
    from pulumi.runtime.proto import provider_pb2_grpc  # noqa: PLC0415

    provider = AwsProvider(protocol.engine_address(args))

    def register(server: Any) -> None:
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)

    protocol.serve(register, provider.cancel)


if __name__ == "__main__":
    main(sys.argv[1:])
