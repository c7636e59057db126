"""How what goes wrong in a request reaches the user through the engine."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from local.plugins.kubernetes.apply import FieldConflictError
from local.plugins.kubernetes.client import (
    ApiError,
    CancelledError,
    NoSuchKindError,
    UnreachableError,
)
from local.plugins.kubernetes.kubeconfig import KubeconfigError
from local.plugins.kubernetes.readiness import WaitForError
from local.plugins.kubernetes.settings import UnsupportedSettingError
from local.plugins.kubernetes.tokens import RefusedError
from local.plugins.kubernetes.waiting import NotReadyError
from local.plugins.values import Properties, UnsupportedValueError, to_struct

T = TypeVar("T")


class InitFailedError(Exception):
    """The object exists, but is not what it should be: kept in the state, reported as failed."""

    def __init__(self, message: str, resource_id: str, state: Properties, reasons: list[str]):
        super().__init__(message)
        self.resource_id = resource_id
        self.state = state
        self.reasons = reasons
        self.inputs: Properties | None = None


_EXPECTED = (
    RefusedError,
    ApiError,
    NoSuchKindError,
    UnreachableError,
    FieldConflictError,
    NotReadyError,
    KubeconfigError,
    UnsupportedSettingError,
    UnsupportedValueError,
    WaitForError,
)


def answering(method: Callable[..., T]) -> Callable[..., T]:
    """Turn what goes wrong into the status that the engine shows."""

    @functools.wraps(method)
    def call(self: Any, request: Any, context: Any) -> T:
        try:
            return method(self, request, context)
        except InitFailedError as error:
            _abort_init_failed(context, error)
        except CancelledError:
            context.abort(grpc.StatusCode.CANCELLED, "cancelled")
        except _EXPECTED as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            context.abort(
                grpc.StatusCode.INTERNAL,
                f"a bug in the local stand-in of the Kubernetes provider: {error!r}\n"
                f"{traceback.format_exc()}",
            )
        raise AssertionError("abort raises")

    return call


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
