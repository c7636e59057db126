"""What the rollback agent is told: its names in the cluster, and its settings as a file of JSON.

The program writes the file (a ConfigMap), the agent reads it; secrets come by the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ops import invalid
from ops.errors import UsageError
from ops.notify import NotificationFacts

NAME: Final = "rollback-agent"
"""Of its Deployment, Service, account, Role, ConfigMap, Secret and Lease; its label `app`."""
PORT: Final = 8080
INBOX: Final = "rollback-inbox"
"""ConfigMap with the webhooks that were accepted, by the alert's fingerprint."""

SETTINGS_KEY: Final = "settings.json"
"""In the ConfigMap, and the file's name where that is mounted."""
SETTINGS_PATH: Final = f"/etc/{NAME}/{SETTINGS_KEY}"
SETTINGS_VARIABLE: Final = "AGENT_SETTINGS"
"""Names another path than `SETTINGS_PATH`."""

TOKEN_VARIABLE: Final = "AGENT_TOKEN"  # noqa: S105 the variable's name
"""In the Secret `rollback-agent`, beside those of `ops.notify.SECRETS`."""
TOKEN_CHARACTERS: Final = 16
"""A token has that many or more."""


class AgentSettings(BaseModel):
    """What the agent must know of its stack. URLs have a scheme; an empty one: there is none.

    `services` has the port of each web service by name. `window_minutes` is how long after a
    color's last gain of traffic the agent may act, `ready_seconds` how long the other color may
    take to become ready, `lease_seconds` how long a leader that fell silent is waited for,
    `refresh_seconds` how often the page is drawn anew, `plot_minutes` how far back it looks.
    """

    # A newer program may say more than an older image knows.
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )

    stack: str = Field(min_length=1)
    namespace: str = Field(min_length=1)
    router: Literal["gateway-api", "ingress-nginx"]
    services: Annotated[dict[str, int], Field(min_length=1)]
    public_url: str
    prometheus_url: str = ""
    alertmanager_url: str = ""
    runbook_url: str = ""
    window_minutes: Annotated[int, Field(ge=1)] = 120
    ready_seconds: Annotated[float, Field(gt=0)] = 300
    lease_seconds: Annotated[float, Field(gt=0)] = 10
    refresh_seconds: Annotated[int, Field(ge=1)] = 10
    plot_minutes: Annotated[int, Field(ge=1)] = 60
    notifications: NotificationFacts = NotificationFacts()

    def to_json(self) -> str:
        """The file's text; the same settings give the same text."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> AgentSettings:
        """Read the file's text back. Raises UsageError with every field that is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise UsageError(
                f"the agent's settings can't be used ({invalid.told(error, 'the text')}): they "
                f"are key {SETTINGS_KEY} of ConfigMap {NAME}, which `pulumi up` writes; run that "
                "with the agent's version"
            ) from error


def read_settings(env: Mapping[str, str] = os.environ) -> AgentSettings:
    """The settings from their file. Raises UsageError."""
    path = Path(env.get(SETTINGS_VARIABLE) or SETTINGS_PATH)
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the agent's settings can't be read from {path}: {error}. "
            f"Mount ConfigMap {NAME} there, or name another file in {SETTINGS_VARIABLE}"
        ) from error
    return AgentSettings.from_json(text)


def read_token(env: Mapping[str, str] = os.environ) -> str:
    """The token of webhooks from the environment. Raises UsageError, which never says it."""
    token = env.get(TOKEN_VARIABLE, "")
    if len(token) < TOKEN_CHARACTERS:
        raise UsageError(
            f"{TOKEN_VARIABLE} is {'too short' if token else 'missing'}: Alertmanager shows it "
            f"with each webhook, and it has {TOKEN_CHARACTERS} characters or more. Set it by "
            "`pulumi config set --path --secret legal-ai:agent.token`"
        )
    return token
