"""Password hashes: scrypt from the standard library, parameters kept in the text."""

import base64
import hashlib
import hmac
import secrets

_N, _R, _P = 2**14, 8, 1
_MAX_MEMORY = 64 * 1024 * 1024


def hash_password(password: str) -> str:
    """Return `scrypt$n$r$p$salt$hash`. Takes tens of milliseconds, on purpose."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _N, _R, _P)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(["scrypt", str(_N), str(_R), str(_P), *encoded])


def verify_password(password: str, stored: str) -> bool:
    """Whether `password` made `stored`; False for a text that is no hash of ours."""
    try:
        scheme, n, r, p, salt, digest = stored.split("$")
        if scheme != "scrypt":
            return False
        expected = base64.b64decode(digest)
        actual = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    except ValueError:
        return False
    return hmac.compare_digest(actual, expected)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY)
