"""Whom to tell, and where the public comes in, as the cluster knows it: for a rollback past Pulumi.

The rollback agent's ConfigMap and Secret have both. It is worth a moment and never a failure: what
can't be read is said, and nobody waits for it.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops import agent
from ops.errors import CouldNotFindOut, UsageError
from ops.notify import NotificationFacts

if TYPE_CHECKING:
    from ops.cluster import Cluster

READ_SECONDS: Final = 3.0
"""After this it is done without."""


@dataclass(frozen=True)
class Known:
    """What is empty is not known."""

    public_url: str = ""
    notifications: NotificationFacts = field(default_factory=NotificationFacts)


def read(cluster: Cluster, say: Callable[[str], None], seconds: float = READ_SECONDS) -> Known:
    """What the agent's objects say, as far as they can be read within `seconds`. Never raises."""
    found, problems = [Known()], [f"no answer within {seconds:g} s"]

    def look() -> None:
        problem = ""
        try:
            settings = _settings(cluster)
            found.append(Known(settings.public_url, settings.notifications))
            found.append(Known(settings.public_url, _with_secrets(cluster, settings)))
        except Exception as error:  # a mistake of ours must not stop a rollback either
            problem = str(error) or type(error).__name__
        problems.append(problem)

    # A daemon: one that hangs must not keep the command from ending.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    known, problem = found[-1], problems[-1]
    if problem:
        say(f"{_lost(known)}: {problem}. Tell people yourself")
    return known


def _lost(known: Known) -> str:
    if known == Known():
        return "whom to tell, and the public address to look at, could not be read"
    return "the secrets of those to be told could not be read"


def _settings(cluster: Cluster) -> agent.AgentSettings:
    """Raises UsageError, and CouldNotFindOut where no agent is deployed."""
    body = cluster.get("ConfigMap", agent.NAME)
    if body is None:
        raise CouldNotFindOut(f"there is no ConfigMap {agent.NAME}: no rollback agent is deployed")
    return agent.AgentSettings.from_json((body.get("data") or {}).get(agent.SETTINGS_KEY, ""))


def _with_secrets(cluster: Cluster, settings: agent.AgentSettings) -> NotificationFacts:
    body = cluster.get("Secret", agent.NAME)
    if body is None:
        raise CouldNotFindOut(f"there is no Secret {agent.NAME}")
    try:
        env = {
            name: base64.b64decode(value).decode()
            for name, value in (body.get("data") or {}).items()
        }
    except ValueError as error:
        # Without its text: that could be part of a secret.
        raise UsageError(f"Secret {agent.NAME} can't be decoded") from error
    return settings.notifications.with_secrets(env)
