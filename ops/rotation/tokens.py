"""Session tokens (JWT, RFC 7519) signed with HS256: read, checked, and signed by another secret.

So a check can ask the application which secrets it accepts, without a session of anybody's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, Final

from ops.errors import Refused

ALGORITHM: Final = "HS256"


def is_signed_by(token: str, secret: str) -> bool:
    """Whether this secret signed it."""
    signed, _, signature = token.rpartition(".")
    return hmac.compare_digest(_signature(signed, secret), signature)


def signed_again(token: str, secret: str) -> str:
    """The same claims, signed by another secret. Raises Refused for another kind of token."""
    signed, _, _ = token.rpartition(".")
    kind = _part(token, 0).get("alg")
    if kind != ALGORITHM:
        raise Refused(
            f"the application's tokens are signed with {kind}, and {ALGORITHM} alone is known here"
        )
    return f"{signed}.{_signature(signed, secret)}"


def times(token: str) -> tuple[int, int]:
    """When it was issued and when it expires, Unix time by the application's clock. Raises Refused.

    Both have to be there: without them nobody knows how long a secret has to be kept.
    """
    claims = _part(token, 1)
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int) or expires <= issued:
        raise Refused(
            "the application's tokens don't say when they were issued and expire (iat, exp), so "
            "nobody knows how long the old secret is needed: use --now, which ends all sessions"
        )
    return issued, expires


def _part(token: str, number: int) -> dict[str, Any]:
    parts = token.split(".")
    try:
        # Base64 without its padding; too much of it does no harm.
        found = json.loads(base64.urlsafe_b64decode(parts[number] + "=="))
    except (ValueError, IndexError) as error:
        raise Refused(
            "what the application gives out at log-in is no JWT, so it has no secret to rotate"
        ) from error
    if len(parts) != 3 or not isinstance(found, dict):
        raise Refused("what the application gives out at log-in is no signed JWT")
    return found


def _signature(signed: str, secret: str) -> str:
    digest = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
