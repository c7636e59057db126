"""What there is to tell, whom, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

Kind = Literal[
    "rollback", "stayed", "page", "acknowledged", "resolved", "release", "incident", "progress"
]
"""`rollback`: traffic was taken from a color. `stayed`: it should have been, and could not.
`acknowledged`: either is over, the hold is lifted. `page`: a person must decide. `resolved`: that
is over. `release`: for information. `incident`: a person declared one. `progress`: news of it."""
Severity = Literal["critical", "error", "warning", "info"]
"""PagerDuty's, which everybody else can be given too."""

SECRETS: Final[Mapping[str, str]] = {
    "SLACK_WEBHOOK": "slack_webhook",
    "PAGERDUTY_KEY": "pager_duty_key",
    "STATUS_PAGE_TOKEN": "status_page_token",
    "NOTIFICATION_WEBHOOK": "webhook",
    "EMAIL_PASSWORD": "email_password",
}
"""Environment variables, and the secret of `NotificationFacts` that each carries."""

_NONE: Final = SecretStr("")


@dataclass(frozen=True)
class Public:
    """What a person says to the public: the status page's own word for it, and a sentence."""

    status: str
    message: str


@dataclass(frozen=True)
class Event:
    """Something to tell.

    `title` is one line, `text` a few sentences with what to do next, `fields` short facts by
    name. `dedup` names the incident: the event that closes one carries the same as the one that
    opened it. `public` is what the status page says; None: a fixed sentence, or nothing.
    """

    kind: Kind
    title: str
    text: str
    severity: Severity
    fields: Mapping[str, str] = field(default_factory=dict)
    dedup: str = ""
    public: Public | None = None


@dataclass(frozen=True)
class Failure:
    """A channel that could not be told, and why; without its secrets."""

    channel: str
    what: str

    def __str__(self) -> str:
        return f"{self.channel} was not told: {self.what}"


class _Facts(BaseModel):
    # A newer program may say more than an older agent knows.
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class EmailFacts(_Facts):
    """The mail server, and who writes to whom. TLS from the start on port 465, else STARTTLS.

    Without a `user` nobody logs in.
    """

    server: str
    port: int = 587
    sender: str
    to: tuple[str, ...]
    user: str = ""


class NotificationFacts(_Facts):
    """Whom to tell of one stack. What is empty is not told.

    `on_call` is whom messages name (in Slack's way, such as `<!subteam^S012AB3CD>`, or any text).
    Secrets are taken in, and never written out: settings files have none, see `with_secrets`.
    """

    stack: str = ""
    public_url: str = ""
    on_call: str = ""
    status_page: str = ""
    pager_duty_url: str = "https://events.pagerduty.com/v2/enqueue"
    email: EmailFacts | None = None
    slack_webhook: SecretStr = Field(default=_NONE, exclude=True)
    pager_duty_key: SecretStr = Field(default=_NONE, exclude=True)
    status_page_token: SecretStr = Field(default=_NONE, exclude=True)
    webhook: SecretStr = Field(default=_NONE, exclude=True)
    email_password: SecretStr = Field(default=_NONE, exclude=True)

    def with_secrets(self, env: Mapping[str, str]) -> NotificationFacts:
        """The same with the secrets that the environment has (`SECRETS` says which)."""
        found = {
            name: SecretStr(env[variable])
            for variable, name in SECRETS.items()
            if env.get(variable)
        }
        return self.model_copy(update=found)

    def revealed(self) -> dict[str, Any]:
        """All of it with the secrets in clear: mark that secret before it goes anywhere."""
        secrets = {to_camel(name): getattr(self, name) for name in SECRETS.values()}
        return self.model_dump(by_alias=True, exclude_none=True) | {
            name: value.get_secret_value() for name, value in secrets.items()
        }

    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set: what must not stand in a message."""
        values = (getattr(self, name).get_secret_value() for name in SECRETS.values())
        return tuple(value for value in values if value)
