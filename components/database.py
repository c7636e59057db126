"""The database: an RDS instance for each generation, or one that somebody else looks after."""

from dataclasses import dataclass

import pulumi
from pydantic import SecretStr

from components import database_base, generation
from components.aws import AwsResource
from components.generation import Generation, GenerationArgs
from components.settings import RdsSettings, Settings


@dataclass
class DatabaseArgs:
    """The stack's name and settings."""

    stack: str
    settings: Settings


class Database(pulumi.ComponentResource):
    """How the database is reached, and what there is of it.

    URLs are SQLAlchemy's, with the password, and secret: `url` is the application's, `admin_url`
    has a role that may make databases, `replica_url` is empty where there is no replica.
    `instances`, their `arns`, and `admin_secrets` (ARNs in Secrets Manager) are by generation,
    empty where the database is external. `key` encrypts it and its backups.
    """

    url: pulumi.Output[str]
    admin_url: pulumi.Output[str]
    replica_url: pulumi.Output[str]
    instances: dict[str, str]
    arns: dict[str, pulumi.Output[str]]
    admin_secrets: dict[str, pulumi.Output[str]]
    key: AwsResource | None

    def __init__(
        self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:database:Database", name, None, opts)
        declared = args.settings.database
        made: dict[str, Generation] = {}
        self.key = None
        self.replica_url = pulumi.Output.from_input("")
        if isinstance(declared, RdsSettings):
            made = self._generations(name, args, declared)
        self.instances = {each: found.identifier for each, found in made.items()}
        self.admin_secrets = {each: found.admin_secret for each, found in made.items()}
        self.arns = {each: found.instance.output("arn") for each, found in made.items()}
        if isinstance(declared, RdsSettings) and declared.url is None:
            self.url = made[declared.current].url
            self.admin_url = made[declared.current].admin_url
        else:
            self.url = self.admin_url = _secret(declared.url)
        if declared.admin_url is not None:
            self.admin_url = _secret(declared.admin_url)
        self.register_outputs(
            {
                "generations": {
                    each: {
                        "instance": found.identifier,
                        "address": found.instance.output("address"),
                        "adminSecretArn": found.admin_secret,
                    }
                    for each, found in made.items()
                }
            }
        )

    def _generations(
        self, name: str, args: DatabaseArgs, database: RdsSettings
    ) -> dict[str, Generation]:
        is_local = args.settings.environment == "local"
        child = pulumi.ResourceOptions(parent=self)
        # A change that would replace it fails: docs/database.md says what to do then.
        guarded = pulumi.ResourceOptions(parent=self, protect=not is_local)
        base = database_base.declare(name, args.stack, database, child, guarded)
        self.key = base.key
        made_of = GenerationArgs(args.stack, database, args.settings.backups, base, is_local)
        made = {}
        for each in database.generations:
            prefix = f"{name}-{each.name}"
            made[each.name] = generation.declare(prefix, each, made_of, child, guarded)
            if database.replica and each.name == database.current:
                found = generation.replica(prefix, each, made[each.name], made_of, child)
                if database.url is None:
                    password = made[each.name].password
                    self.replica_url = generation.address(found, password, database.login)
        return made


def _secret(url: SecretStr | None) -> pulumi.Output[str]:
    return pulumi.Output.secret(url.get_secret_value() if url else "")
