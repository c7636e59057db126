"""Who is told of releases, rollbacks and what a person must decide (docs/notifications.md)."""

from typing import Annotated, Final

from pydantic import AfterValidator

from components.settings.base import Part
from components.settings.values import (
    Host,
    HttpUrl,
    Key,
    MailAddress,
    Port,
    Secret,
    SecretHttpUrl,
    Text,
)

_ADDRESS: Final = "an https:// address"


def _somebody(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("nobody is named")
    return value


class EmailSettings(Part):
    """The mail server, and who writes to whom. TLS always: from the start on 465, else STARTTLS."""

    server: Annotated[Host, Key("the mail server", "a host name in lower case", "smtp.example.com")]
    port: Annotated[
        Port,
        Key("its port: 465 is TLS from the start, others STARTTLS", "1 to 65535", "587"),
    ] = 587
    sender: Annotated[
        MailAddress, Key("who writes", "a mail address", "deploy@legal-ai-system.com")
    ]
    to: Annotated[
        tuple[MailAddress, ...],
        AfterValidator(_somebody),
        Key("who is written to", "a list of mail addresses", "on-call@legal-ai-system.com"),
    ]
    user: Annotated[
        Text | None, Key("who logs in at the server, with `password`", "text", "deploy")
    ] = None
    password: Annotated[
        Secret | None, Key("that user's password", "text, encrypted", "", secret=True)
    ] = None


class NotificationsSettings(Part):
    """Who is told of releases, alerts and rollbacks. Unset: nobody."""

    slack_webhook: Annotated[
        SecretHttpUrl | None,
        Key("Slack's incoming webhook", f"{_ADDRESS}, encrypted", "", secret=True),
    ] = None
    pager_duty_key: Annotated[
        Secret | None,
        Key("integration key of PagerDuty (Events v2)", "text, encrypted", "", secret=True),
    ] = None
    pager_duty_url: Annotated[
        HttpUrl,
        Key(
            "where PagerDuty takes events; the EU has an address of its own",
            _ADDRESS,
            "https://events.eu.pagerduty.com/v2/enqueue",
        ),
    ] = "https://events.pagerduty.com/v2/enqueue"
    status_page: Annotated[
        HttpUrl | None,
        Key(
            "the status page's API",
            _ADDRESS,
            "https://status.legal-ai-system.com/api/incidents",
        ),
    ] = None
    status_page_token: Annotated[
        Secret | None,
        Key("bearer token for the status page", "text, encrypted", "", secret=True),
    ] = None
    webhook: Annotated[
        SecretHttpUrl | None,
        Key("another address that is told everything, as JSON", f"{_ADDRESS}, encrypted", "", True),
    ] = None
    email: Annotated[
        EmailSettings | None, Key("mail", "an object with server, sender and to", "587")
    ] = None
    on_call: Annotated[
        Text | None,
        Key(
            "whom messages name; in Slack's own form (<!subteam^ID>) it rings their phones",
            "text",
            "@on-call",
        ),
    ] = None
