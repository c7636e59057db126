"""What AWS answers when it does not do what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.plugins.aws.region import endpoint
from local.plugins.problems import RefusedError


class AwsError(RefusedError):
    """AWS refused a request, or did not answer."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def asking(doing: str) -> Iterator[None]:
    """Say what was being done when AWS refuses. Raises AwsError, with AWS's code."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("botocore.", "boto3.")):
            raise
        code = code_of(error)
        if code:
            raise AwsError(f"{doing}: AWS says {code}: {_message(error)}", code) from error
        raise AwsError(
            f"{doing}: the AWS API at {endpoint()} did not answer as it should: {error}\n"
            "See whether the local stack runs: make status"
        ) from error


def code_of(error: BaseException) -> str:
    """The error code of an answer; empty for anything else."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def _message(error: BaseException) -> str:
    response: Any = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Message") or error)


@contextmanager
def unless_gone(*codes: str) -> Iterator[None]:
    """Let pass that what is to be deleted is not there: `codes` are how AWS says so."""
    try:
        yield
    except Exception as error:
        if code_of(error) not in codes:
            raise
