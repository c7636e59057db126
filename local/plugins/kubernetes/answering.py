"""Which errors of the Kubernetes stand-in are the user's to see as they are."""

from local.plugins.answering import answering_for
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
from local.plugins.kubernetes.waiting import NotReadyError

answering = answering_for(
    "Kubernetes",
    ApiError,
    NoSuchKindError,
    UnreachableError,
    FieldConflictError,
    NotReadyError,
    KubeconfigError,
    UnsupportedSettingError,
    WaitForError,
    cancelled=CancelledError,
)
