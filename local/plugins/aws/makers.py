"""Who made what: a note at AWS for every name that can be taken.

What a killed command made and the state forgot is taken over by the resource that made it, and by
no other: one whose URN changed must fail at the taken name, as officially, or its old self would
be deleted after the new one had taken it over.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from local.plugins.aws.errors import code_of, unless_gone
from local.plugins.aws.region import Region
from local.plugins.aws.resource import Plain, Resource

FOLDER = "/pulumi-stand-in"
"""Of the parameters in Systems Manager that are the notes."""


@dataclass(frozen=True)
class Note:
    """The note about one name; what is written in it is the URN of the maker."""

    aws: Region
    parameter: str

    def leave(self, urn: str) -> str | None:
        """Write the note before its thing is made. Return who had written one already."""
        try:
            self.aws.ssm.put_parameter(Name=self.parameter, Value=urn, Type="String")
        except Exception as error:
            if code_of(error) != "ParameterAlreadyExists":
                raise
        else:
            return None
        found: str = self.aws.ssm.get_parameter(Name=self.parameter)["Parameter"]["Value"]
        return found

    def change(self, urn: str) -> None:
        """Write it anew: what its writer made has gone since."""
        self.aws.ssm.put_parameter(Name=self.parameter, Value=urn, Type="String", Overwrite=True)

    def remove(self) -> None:
        """Take it away, with its thing or because its thing was not made."""
        with unless_gone("ParameterNotFound"):
            self.aws.ssm.delete_parameter(Name=self.parameter)


def note_about(resource: Resource, aws: Region, values: Plain) -> Note | None:
    """The note about what has these properties; None for what has no name of its own."""
    if not resource.taken:
        return None
    named = [values.get(key) for key in ("name", "identifier", "planId")]
    text = json.dumps([resource.token, aws.name, *named])
    return Note(aws, f"{FOLDER}/{hashlib.sha256(text.encode()).hexdigest()}")
