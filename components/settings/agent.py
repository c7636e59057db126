"""The rollback agent: a small service in the cluster that acts on alerts (docs/agent.md)."""

from typing import Annotated

from pydantic import Field

from components.settings.base import Part
from components.settings.values import ImageReference, Key, Secret, Switch, Whole


class AgentSettings(Part):
    """Whether it runs, which image, how many, and what Alertmanager proves itself with."""

    enabled: Annotated[
        Switch,
        Key("whether the agent runs; alerts need it", "true or false", "true"),
    ] = True
    image: Annotated[
        ImageReference | None,
        Key(
            "what it runs; required where it is enabled",
            "an image with its tag or digest",
            "registry.legal-ai-system.com/legal-ai-agent:v0.1.0",
        ),
    ] = None
    replicas: Annotated[
        Whole,
        Field(ge=1, le=5),
        Key("its pods; one leads, the others take over", "a whole number, 1 to 5", "2"),
    ] = 2
    token: Annotated[
        Secret | None,
        Key(
            "bearer token that webhooks must carry; required where it is enabled",
            "16 characters or more, encrypted",
            "",
            secret=True,
        ),
    ] = None
