"""What a release is checked by, put as the library wants it; `ops/release_facts.py` reads it."""

from typing import Any

from components.settings import Settings


def release_facts(settings: Settings) -> dict[str, Any]:
    """The facts with their secrets in clear: mark them secret before they go anywhere."""
    told = settings.release
    facts: dict[str, Any] = told.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"token": True, "sentry": {"token"}}
    )
    facts["variables"] = variables(settings)
    if told.token is not None:
        facts["token"] = told.token.get_secret_value()
    if told.sentry is not None:
        facts["sentry"]["token"] = told.sentry.token.get_secret_value()
    return facts


def variables(settings: Settings) -> list[str]:
    """The variables that the configuration gives the services; the program's own are not among."""
    found = {name for service in settings.services.values() for name in service.env}
    if any(service.secrets for service in settings.services.values()):
        found |= {*settings.app_secrets(), "DATABASE_URL"}
    return sorted(found)
