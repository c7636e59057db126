"""What is looked at in an incident beside the stack itself; see docs/incidents.md."""

from typing import Annotated

from components.settings.base import Part
from components.settings.values import HttpUrl, Key
from ops.dependencies import AI_PROVIDERS


class IncidentsSettings(Part):
    """Services of others that the application can't do without."""

    dependencies: Annotated[
        tuple[HttpUrl, ...],
        Key(
            "services of others that `incident.py assess` asks",
            "a list of http(s) addresses",
            "https://api.openai.com/v1/models",
        ),
    ] = AI_PROVIDERS
