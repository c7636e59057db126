"""What AWS says, told as this project's errors: what was asked, what came back, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError

_DENIED: Final = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "AuthorizationNotFound",
    "KMSKeyNotAccessibleFault",
}
_WHO_ARE_YOU: Final = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_LATER: Final = {
    "InternalError",
    "InternalFailure",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_UNCONFIGURED: Final = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.ProfileNotFound,
    aws.NoRegionError,
    aws.InvalidRegionError,
)


@contextmanager
def asked(what: str) -> Iterator[None]:
    """Raise AWS's answer to `what` as one of ours.

    UsageError for who we are, what we may and what we named; Refused for what can't be done as
    things stand; CouldNotFindOut where there was no answer.
    """
    try:
        yield
    except ClientError as error:
        raise _told(what, error) from error
    except _UNCONFIGURED as error:
        raise UsageError(
            f"{what}: {error}. Log in (`aws sso login`, or AWS_PROFILE and AWS_REGION), then run "
            "this again"
        ) from error
    except BotoCoreError as error:
        raise CouldNotFindOut(
            f"{what}: AWS gave no answer ({error}). Look at the network and AWS_ENDPOINT_URL, then "
            "run this again"
        ) from error


def code(error: ClientError) -> str:
    """AWS's name of the error, without the `Fault` that only some of them end with."""
    return str(error.response.get("Error", {}).get("Code", "")).removesuffix("Fault")


def answered(error: BaseException, name: str) -> bool:
    """Whether AWS's answer behind an error of `asked` has this name."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and code(cause) == name


def _told(what: str, error: ClientError) -> OpsError:
    name = str(error.response.get("Error", {}).get("Code", ""))
    said = str(error.response.get("Error", {}).get("Message", "")) or str(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    told = f"{what}: AWS answered {name}: {said}"
    if name in _DENIED:
        return UsageError(f"{told}. {error.operation_name} must be allowed to who runs this")
    if name in _WHO_ARE_YOU:
        return UsageError(f"{told}. Log in anew (`aws sso login`, or new keys)")
    if name in _LATER or status >= 500:
        return CouldNotFindOut(f"{told}. Run this again")
    if name.removesuffix("Fault").endswith("NotFound"):
        return UsageError(told)
    if "QuotaExceeded" in name:
        return Refused(f"{told}. Delete what is not needed any more, or have the quota raised")
    return Refused(told)
