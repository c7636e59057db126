"""RDS instances, each a generation in the configuration: declared first, used by a second `up`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from ops import failpoint
from ops.backups.engine import Say
from ops.backups.rds_errors import asked
from ops.backups.rds_instances import Instances, address
from ops.config import Configured, raised
from ops.database import Address
from ops.errors import CouldNotFindOut, UsageError
from ops.logins import turns
from ops.logins.server import Server
from ops.restore.source import Source

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

    from ops.operations import DatabaseFacts

_NUMBERED: Final = re.compile(r"g([0-9]{1,4})")


@dataclass
class OnRds:
    """`ops.restore.place.Place` for RDS. Names are those of the generations."""

    name: str
    stack: Configured
    database: DatabaseFacts
    instances: Instances
    secrets: SecretsManagerClient

    @property
    def current(self) -> str:
        """The generation that the application uses."""
        return self.database.current

    def free_name(self) -> str:
        """`g2` beside `g1`: one above the highest, with no instance left over of that name."""
        declared = [each["name"] for each in self._generations(self.stack.config())]
        numbers = [int(each[1]) for each in map(_NUMBERED.fullmatch, declared) if each]
        number = max(numbers, default=0) + 1
        while self.instances.look(self._instance(f"g{number}")) is not None:
            number += 1
        return f"g{number}"

    def app(self, name: str) -> Address:
        """The application's role; where that is the administrator, with that generation's word."""
        now = Address.parse(self.database.url)
        admin = self.admin(name)
        if now.user == admin.user:
            return admin
        instance = self.instances.require(self._instance(name))
        return address(instance, now.user, now.password, now.database)

    def admin(self, name: str) -> Address:
        """The administrator, by the generation's secret."""
        instance = self.instances.require(self._instance(name))
        secret = f"legal-ai/{self.name}/{name}/admin"
        with asked(f"reading the secret {secret}"):
            text = self.secrets.get_secret_value(SecretId=secret).get("SecretString", "")
        try:
            found = json.loads(text)
            user, password, database = found["username"], found["password"], found["dbname"]
        except (ValueError, KeyError, TypeError) as error:
            raise CouldNotFindOut(
                f"the secret {secret} can't be understood ({type(error).__name__}): it must have "
                "username, password and dbname. See it in Secrets Manager"
            ) from error
        if "Endpoint" not in instance:
            raise CouldNotFindOut(
                f"the RDS instance {self._instance(name)} has no endpoint: it is "
                f"{instance['DBInstanceStatus']}. Run this again once it is available"
            )
        return address(instance, user, password, database)

    def restore(self, source: Source, name: str, say: Say) -> None:
        """Declare the generation, then `pulumi up`, with the application still on the current."""
        config = self.stack.config()
        declared = self._generations(config)
        if name not in [each["name"] for each in declared]:
            # Unset, the list has one that the program's default declares: it must stay.
            entries = [*declared, {"name": name, "source": self._origin(source)}]
            first = 0 if self._is_default(config) else len(declared)
            self.stack.set(
                {
                    f"database.generations[{position}].{key}": value
                    for position, entry in enumerate(entries)
                    if position >= first
                    for key, value in _flat(entry).items()
                }
            )
        self.stack.up(say)
        self.instances.wait(self._instance(name), say)
        self._repeat_login(name, say)

    def send_to(self, name: str, say: Say) -> None:
        """Make it the current one, then `pulumi up`."""
        config = self.stack.config()
        given = config.get("legal-ai:database") or {}
        if given.get("current", self._default_current(config)) != name:
            say(f"the configuration names {name} from now on")
            self.stack.set({"database.current": name, **raised(config)})
            failpoint.reach("restore.configured")
        self.stack.up(say)

    def discard(self, source: Source, name: str, say: Say) -> str:  # noqa: ARG002 as in Place
        """Leave it: an instance is protected, and taking one away is a step of its own."""
        if name not in [each["name"] for each in self._generations(self.stack.config())]:
            return f"{name} was not declared"
        say(f"{name} stays declared, unused")
        return (
            f"generation {name} stays declared and unused, and costs as much as any. To be rid of "
            "it: docs/database.md, `Generations`"
        )

    def _repeat_login(self, name: str, say: Say) -> None:
        """The snapshot has the logins of then: `rotate_db_password.py` may have been run since."""
        admin, now = self.admin(name), Address.parse(self.database.url)
        if turns.repeat(Server(lambda: admin), admin.user, now.user, now.password):
            say(f"{name} lets {now.user} in as it does now, and no login of before")

    def _instance(self, name: str) -> str:
        for generation in self.database.generations:
            if generation.name == name and generation.instance:
                return generation.instance
        return f"legal-ai-{self.name}-{name}"

    def _origin(self, source: Source) -> dict[str, str]:
        if source.backup is not None:
            return {"snapshot": source.backup.id}
        moment = source.at.astimezone(UTC)
        if moment.microsecond:
            raise UsageError(
                f"{source.id} is finer than RDS knows moments: give whole seconds, as "
                f"{moment.replace(microsecond=0):%Y-%m-%dT%H:%M:%SZ}"
            )
        return {"generation": self.current, "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}

    def _generations(self, config: dict[str, Any]) -> list[dict[str, Any]]:
        given = config.get("legal-ai:database") or {}
        default = [{"name": each.name} for each in self.database.generations]
        return list(given.get("generations") or default)

    def _is_default(self, config: dict[str, Any]) -> bool:
        return not (config.get("legal-ai:database") or {}).get("generations")

    def _default_current(self, config: dict[str, Any]) -> str:
        return str(self._generations(config)[0]["name"])


def _flat(entry: dict[str, Any]) -> dict[str, str]:
    """`{"name": "g2", "source": {"snapshot": "s"}}` by path."""
    found: dict[str, str] = {}
    for key, value in entry.items():
        if isinstance(value, dict):
            found |= {f"{key}.{inner}": str(each) for inner, each in value.items()}
        else:
            found[key] = str(value)
    return found
