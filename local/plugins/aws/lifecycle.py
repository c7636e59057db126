"""From making to deleting one resource at AWS: creation, taking over, change, reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from local.plugins.aws.comparing import differences
from local.plugins.aws.errors import AwsError, asking
from local.plugins.aws.makers import note_about
from local.plugins.aws.region import Region
from local.plugins.aws.resource import Known, Plain, Resource, Update
from local.plugins.aws.states import expected, own_tags, settled
from local.plugins.differences import Difference
from local.plugins.values import Properties


@dataclass(frozen=True)
class Lifecycle:
    """What is done with resources of one type in one region."""

    resource: Resource
    aws: Region
    urn: str
    warn: Callable[[str], None]
    default_tags: Properties = field(default_factory=dict)

    def create(self, wanted: Plain) -> tuple[str, Properties]:
        """Make a resource; return its id and what is known of it."""
        name, note = self._name(wanted), note_about(self.resource, self.aws, wanted)
        maker = None
        if note is not None:
            with asking(f"noting who makes {name}"):
                maker = note.leave(self.urn)
        taken_over = False
        try:
            with asking(f"creating {name}"):
                identifier = self.resource.create(self.aws, wanted)
                if note is not None and maker not in (None, self.urn):
                    note.change(self.urn)
        except AwsError as error:
            if error.code not in self.resource.taken or note is None:
                raise
            found = self._left_behind(wanted) if maker == self.urn else None
            if found is None:
                if maker is None:
                    note.remove()
                raise
            identifier, taken_over = found, True
            self.warn(
                f"{name} is there already, as a killed command of this resource left it: taken"
                " over. The official provider would have failed here"
            )
        with asking(f"finishing {name}"):
            self.resource.finish(self.aws, Known(identifier, wanted))
        live = self._must_read(identifier, wanted)
        identifier = str(live.get("id", identifier))
        told = {
            name: wanted[name]
            for name, field in self.resource.fields.items()
            if field.unread and wanted.get(name) is not None
        }
        self._change(identifier, live if taken_over else {**live, **told}, wanted)
        return identifier, self._settled(identifier, wanted)

    def update(self, identifier: str, state: Plain, wanted: Plain) -> Properties:
        """Change a resource to what is wanted; return what is known of it."""
        self._change(identifier, state, wanted)
        return self._settled(identifier, expected(self.resource, state, wanted))

    def read(self, identifier: str, state: Plain) -> tuple[str, Properties] | None:
        """The id of a resource and what is known of it; None when it is gone."""
        live = self._live(identifier, state)
        if live is None:
            return None
        known = settled(self.resource, live, state)
        return str(live.get("id", identifier)), known

    def delete(self, identifier: str, state: Plain) -> None:
        """Delete a resource."""
        with asking(f"deleting {self.resource.title} {identifier}"):
            self.resource.delete(self.aws, Known(identifier, state))
            note = note_about(self.resource, self.aws, state)
            if note is not None:
                note.remove()

    def changes(self, state: Plain, wanted: Plain) -> list[Difference]:
        """What of a resource is to change."""
        return [
            difference
            for difference in differences(self.resource.fields, dict(state), dict(wanted))
            if not self.resource.unimportant(str(difference.path[0]), state, wanted)
        ]

    def _change(self, identifier: str, state: Plain, wanted: Plain) -> None:
        changed = frozenset(str(found.path[0]) for found in self.changes(state, wanted))
        if changed:
            with asking(f"changing {self._name(wanted)} ({', '.join(sorted(changed))})"):
                self.resource.update(self.aws, Update(identifier, state, wanted, changed))

    def _settled(self, identifier: str, before: Plain) -> Properties:
        return settled(self.resource, self._must_read(identifier, before), before)

    def _live(self, identifier: str, known: Plain) -> Properties | None:
        with asking(f"reading {self.resource.title} {identifier}"):
            live = self.resource.read(self.aws, Known(identifier, known))
        if live is None:
            return None
        tags = own_tags(live.get("tagsAll") or {}, known.get("tags") or {}, self.default_tags)
        return {"region": self.aws.name, "tags": tags, **live}

    def _must_read(self, identifier: str, known: Plain) -> Properties:
        live = self._live(identifier, known)
        if live is None:
            raise AwsError(
                f"{self.resource.title} {identifier} was made or changed just now, and AWS does"
                " not know it: somebody else deleted it at the same time. Run the command again"
            )
        return live

    def _left_behind(self, wanted: Plain) -> str | None:
        """The id of what has the wanted name, if it can be made what is wanted.

        That is: with exactly the wanted tags, or without any difference where there are no tags,
        and with nothing that only a new resource could have another way.
        """
        with asking(f"reading {self._name(wanted)}"):
            found = self.resource.find(self.aws, wanted)
        live = self._live(found, wanted) if found else None
        if live is None:
            return None
        differing = self.changes({**wanted, **live}, wanted)
        if "tags" in self.resource.fields:
            tagged = (live.get("tagsAll") or {}) == (wanted.get("tagsAll") or {})
            fits = tagged and not any(difference.replaces for difference in differing)
        else:
            fits = not differing
        return found if fits else None

    def _name(self, wanted: Plain) -> str:
        name = wanted.get("name") or wanted.get("identifier") or wanted.get("description") or ""
        return f"{self.resource.title} {name}".strip()
