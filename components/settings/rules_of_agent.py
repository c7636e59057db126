"""Rules for the rollback agent, and for whom it tells."""

from collections.abc import Iterator
from typing import Final

from pydantic import SecretStr

from components.settings.notifying import EmailSettings
from components.settings.problem import (
    Problem,
    set_command,
    set_secret_command,
    shown,
    typed,
)
from components.settings.sound import Sound
from ops.agent import TOKEN_CHARACTERS

_IMAGE: Final = "registry.legal-ai-system.com/legal-ai-agent:v0.1.0"


def agent_can_run(sound: Sound) -> Iterator[Problem]:
    """An agent that runs has an image, and a token that nobody guesses."""
    agent = sound.agent
    if agent is None or not agent.enabled:
        return
    if agent.image is None:
        yield Problem(
            typed("agent.image"),
            "is missing, and the agent is enabled",
            "an image with its tag or digest, made from agent/Dockerfile",
            set_command("agent.image", _IMAGE),
        )
    token = agent.token.get_secret_value() if agent.token else ""
    if len(token) < TOKEN_CHARACTERS:
        finding = "is too short (it is secret, so it is not shown)" if token else "is missing"
        yield Problem(
            typed("agent.token"),
            f"{finding}, and the agent is enabled",
            f"{TOKEN_CHARACTERS} characters or more, encrypted",
            f"openssl rand -hex 32 | {set_secret_command('agent.token')}",
        )


def alerts_have_the_agent(sound: Sound) -> Iterator[Problem]:
    """Alerts are told to the agent, and judge a color by the weights that it reports."""
    if sound.alerts is None or sound.agent is None or sound.agent.enabled:
        return
    if sound.alerts.delivery != "none":
        yield Problem(
            typed("alerts.delivery"),
            f"is {shown(sound.alerts.delivery)}, and agent.enabled is false",
            "none where no agent runs",
            set_command("agent.enabled", "true"),
        )


def messages_are_encrypted_in_transit(sound: Sound) -> Iterator[Problem]:
    """What happened inside goes out by TLS; on one's own machine it may stay in the clear."""
    told = sound.notifications
    if told is None or sound.environment in (None, "local"):
        return
    for attribute, field in type(told).model_fields.items():
        value = getattr(told, attribute)
        is_secret = isinstance(value, SecretStr)
        address = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(address, str) or not address.startswith("http://"):
            continue
        key = f"notifications.{field.alias}"
        https = f"https://{address.removeprefix('http://')}"
        yield Problem(
            typed(key),
            "is no https:// address (it is secret, so it is not shown)"
            if is_secret
            else f"is {shown(address)}, not encrypted",
            "an https:// address",
            set_secret_command(key) if is_secret else set_command(key, https),
        )


def messages_arrive(sound: Sound) -> Iterator[Problem]:
    """What belongs together is there together."""
    told = sound.notifications
    if told is None:
        return
    if told.status_page_token is not None and told.status_page is None:
        key = "notifications.statusPage"
        example = "https://status.legal-ai-system.com/api/incidents"
        yield Problem(
            typed(key),
            "is missing, and notifications.statusPageToken is set",
            "an https:// address",
            set_command(key, example),
        )
    if told.email is not None:
        yield from _login(told.email)


def _login(email: EmailSettings) -> Iterator[Problem]:
    user, password = "notifications.email.user", "notifications.email.password"
    if email.user is not None and email.password is None:
        yield Problem(
            typed(password),
            "is missing, and notifications.email.user is set",
            "text, encrypted",
            set_secret_command(password),
        )
    if email.password is not None and email.user is None:
        yield Problem(
            typed(user),
            "is missing, and notifications.email.password is set",
            "text",
            set_command(user, email.sender),
        )


RULES: Final = (
    agent_can_run,
    alerts_have_the_agent,
    messages_are_encrypted_in_transit,
    messages_arrive,
)
