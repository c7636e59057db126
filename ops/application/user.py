"""The smoke tests' user: who it is, where its password comes from, and how it logs in."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops.application.visit import Visit
from ops.errors import CouldNotFindOut, Refused, UsageError

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.color import Color

NAME: Final = "test@example.com"
VARIABLE: Final = "SMOKE_PASSWORD"
"""The environment variable with the password, here and in the pods' Secret."""
_NO_TOKEN: Final = frozenset({"", "null", "none", "undefined", "false"})
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class User:
    """A user of the application."""

    name: str
    password: str = field(repr=False)


def of_environment(name: str = NAME, variable: str = VARIABLE) -> User:
    """The user with the password of an environment variable. Raises UsageError."""
    password = os.environ.get(variable, "")
    if not password:
        raise UsageError(
            f"the environment variable {variable} is not set, or empty: it has the password of "
            f"{name}. With --stack NAME the password of the deployed pods is taken"
        )
    return User(name, password)


def of_cluster(cluster: Cluster, color: Color, name: str = NAME) -> User:
    """The user with the password that the color's pods know. Raises CouldNotFindOut."""
    secret = f"app-{color}"
    found = cluster.get("Secret", secret)
    encoded = ((found or {}).get("data") or {}).get(VARIABLE, "")
    if not encoded:
        what = "has no" if found else "is not there, and with it"
        raise CouldNotFindOut(
            f"the Secret {secret} in {cluster.namespace} {what} {VARIABLE}: set it with "
            f"`pulumi config set --secret --path legal-ai:secrets.{VARIABLE}`, then `pulumi up`; "
            "or give it in the environment, without --stack"
        )
    return User(name, base64.b64decode(encoded).decode())


def log_in(visit: Visit, user: User) -> str:
    """Log in; the token. Raises Refused where there is none, whatever the status says."""
    hidden = visit.visitor.hidden
    hidden.add(user.password)
    body = {"username": user.name, "password": user.password}
    answer = visit.ask("POST", "/api/auth/login", body=body, quoted=False)
    found = answer.json().get("access_token")
    if not isinstance(found, str) or found.strip().lower() in _NO_TOKEN:
        given = "nothing" if found is None else f"a {type(found).__name__} that is no token"
        raise Refused(f"logging in as {user.name} gave {given} as access_token")
    hidden.add(found)
    if not _TOKEN.fullmatch(found):
        raise Refused("the access_token has characters that no header can carry")
    return found
