"""How what goes wrong in a request reaches the user through the engine."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from local.plugins.problems import InitFailedError, RefusedError
from local.plugins.values import UnsupportedValueError, to_struct

T = TypeVar("T")
Method = Callable[..., T]


class Cancelled(Exception):
    """The engine called a request off."""


def answering_for(
    provider: str, *expected: type[Exception], cancelled: type[Exception] = Cancelled
) -> Callable[[Method[T]], Method[T]]:
    """Turn what goes wrong in the methods of `provider` into the status that the engine shows.

    Errors of the `expected` kinds are shown as they are; any other is a bug, shown with its trace.
    """
    shown: tuple[type[Exception], ...] = (RefusedError, UnsupportedValueError, *expected)

    def answering(method: Method[T]) -> Method[T]:
        @functools.wraps(method)
        def call(self: Any, request: Any, context: Any) -> T:
            try:
                return method(self, request, context)
            except InitFailedError as error:
                _abort_init_failed(context, error)
            except cancelled:
                context.abort(grpc.StatusCode.CANCELLED, "cancelled")
            except shown as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))
            except Exception as error:
                context.abort(
                    grpc.StatusCode.INTERNAL,
                    f"a bug in the local stand-in of the {provider} provider: {error!r}\n"
                    f"{traceback.format_exc()}",
                )
            raise AssertionError("abort raises")

        return call

    return answering


def _abort_init_failed(context: Any, error: InitFailedError) -> None:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id,
        properties=to_struct(error.state),
        reasons=error.reasons,
        inputs=None if error.inputs is None else to_struct(error.inputs),
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[packed]
    )
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
