"""Where the configuration says as whom the application logs in to its database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ops.database import Address
from ops.errors import Refused
from ops.logins.server import with_login
from ops.rotation.tools import configured

if TYPE_CHECKING:
    from ops.operations import DatabaseFacts

URL: Final = "database.url"
LOGIN: Final = "database.login"
"""`USER:PASSWORD` for an instance whose address AWS draws: one secret, so one write."""
ADMIN_NUMBER: Final = "database.adminPassword"
_ADMIN: Final = "database.adminUrl"


def of_config(config: Mapping[str, Any], deployed: Address) -> Address:
    """The address that the next `up` gives the application."""
    if url := configured(config, URL):
        return Address.parse(url)
    user, _, password = configured(config, LOGIN).partition(":")
    return with_login(deployed, user, password) if user else deployed


def secret(config: Mapping[str, Any], wanted: Address) -> dict[str, str]:
    """The one secret to write so that the application logs in as `wanted` does."""
    if configured(config, URL):
        return {URL: wanted.url}
    return {LOGIN: f"{wanted.user}:{wanted.password}"}


def next_admin_password(config: Mapping[str, Any], facts: DatabaseFacts, old: str) -> int:
    """The number to draw the administrator's password by, if the application logs in as that.

    0 where it does not.
    """
    if facts.engine != "rds" or facts.administrator.user != old:
        return 0
    return int(configured(config, ADMIN_NUMBER) or 1) + 1


def require_own_role(config: Mapping[str, Any], facts: DatabaseFacts) -> None:
    """Raise Refused where the login to close is the one that administers the server."""
    app, admin = Address.parse(facts.url), configured(config, _ADMIN)
    if admin and Address.parse(admin).user == app.user:
        raise Refused(
            f"{_ADMIN} logs in as {app.user} too, so that role can't be closed to whoever has its "
            "password. Give it a role of its own, one that may make roles: `pulumi config set "
            f"--secret --path legal-ai:{_ADMIN}`"
        )
