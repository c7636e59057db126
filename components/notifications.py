"""Whom to tell of a stack, put as the library wants it: for the agent and for the scripts."""

from components.settings import Settings
from ops.notify import NotificationFacts


def notification_facts(stack: str, settings: Settings) -> NotificationFacts:
    """Whom to tell, with the secrets; those are not among what it writes out by itself."""
    told = settings.notifications
    given = told.model_dump(exclude_none=True, exclude={"email"})
    if told.email is not None:
        given["email"] = told.email.model_dump(exclude_none=True, exclude={"password"})
        if told.email.password is not None:
            given["email_password"] = told.email.password
    public_url = settings.hosts.url(settings.hosts.public)
    return NotificationFacts(stack=stack, public_url=public_url, **given)
