"""Rules of the database's place in the network, of its names, and of the connections it takes."""

import re
from collections.abc import Iterator
from typing import Final

from components.settings import connections
from components.settings.connections import Demand
from components.settings.data import RdsSettings
from components.settings.problem import Problem, remove_command, set_command, shown, typed
from components.settings.sound import Sound
from ops.color import Color

_STACK: Final = re.compile(r"[a-z](?:-?[a-z0-9])*")
LONGEST_STACK: Final = 29
"""63 (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints)
less `legal-ai-`, a generation's 16 letters, its hyphen and `-replica`."""
_PARTS: Final = {
    "vpcId": "vpc-0a1b2c3d4e5f60718",
    "subnetIds[0]": "subnet-0a1b2c3d4e5f60718",
    "subnetIds[1]": "subnet-18071f6e5d4c3b2a1",
    "clusterSecurityGroupIds[0]": "sg-0a1b2c3d4e5f60718",
}


def stack_can_name_an_instance(sound: Sound) -> Iterator[Problem]:
    """The stack's name is part of names that AWS allows few characters in."""
    if not isinstance(sound.database, RdsSettings):
        return
    if not _STACK.fullmatch(sound.stack) or len(sound.stack) > LONGEST_STACK:
        yield Problem(
            typed("database.kind"),
            f"is rds, whose instances are named by the stack, and the stack is {sound.stack}",
            "rds in a stack whose name is a lower-case letter, then lower-case letters, digits and "
            f"single hyphens, {LONGEST_STACK} at most",
            "pulumi stack rename NAME",
        )


def database_has_a_place(sound: Sound) -> Iterator[Problem]:
    """An instance stands in subnets of two zones, and admits the cluster and nobody else."""
    database = sound.database
    if not isinstance(database, RdsSettings) or sound.environment is None:
        return
    lacks = {
        "vpcId": database.vpc_id is None,
        "subnetIds[0]": len(database.subnet_ids) < 1,
        "subnetIds[1]": len(database.subnet_ids) < 2,
        "clusterSecurityGroupIds[0]": not (
            database.cluster_security_group_ids or database.cluster_cidrs
        ),
    }
    if sound.environment == "local" and (all(lacks.values()) or not any(lacks.values())):
        # This machine's AWS has a default network, which will do.
        return
    allowed = {
        "vpcId": "the ID of the VPC that the cluster is in",
        "subnetIds[0]": "IDs of at least two subnets of it, of two availability zones",
        "subnetIds[1]": "IDs of at least two subnets of it, of two availability zones",
        "clusterSecurityGroupIds[0]": "the IDs of the security groups of the cluster's nodes or "
        f"pods, or their networks in {typed('database.clusterCidrs')}",
    }
    for name in (name for name, is_missing in lacks.items() if is_missing):
        path = f"database.{name}"
        yield Problem(typed(path), "is missing", allowed[name], set_command(path, _PARTS[name]))


def a_login_has_its_address(sound: Sound) -> Iterator[Problem]:
    """The login belongs to the instance's own address; a url has one of its own."""
    database = sound.database
    if isinstance(database, RdsSettings) and database.url is not None and database.login:
        yield Problem(
            typed("database.login"),
            "is set beside database.url, which has a login of its own",
            "a login in the url; or no url, where the instance's own address is used",
            remove_command("database.login"),
        )


def pools_are_numbers(sound: Sound) -> Iterator[Problem]:
    """The variables that the connection budget is computed from are whole numbers."""
    for name, service in sound.services.items():
        for variable, usual in connections.USUAL.items():
            value = service.env.get(variable, "1")
            least = 0 if variable == connections.MAX_OVERFLOW else 1
            if not value.isdecimal() or int(value) < least:
                path = f"services.{name}.env.{variable}"
                yield Problem(
                    typed(path),
                    f"is {shown(value)}",
                    f"a whole number, {least} or more",
                    set_command(path, str(usual)),
                )


def connections_are_enough(sound: Sound) -> Iterator[Problem]:
    """Both colors at their largest never open more connections than the server takes."""
    if sound.database is None or next(pools_are_numbers(sound), None):
        return
    most = sound.database.max_connections
    if most is None and isinstance(sound.database, RdsSettings) and sound.database.url is None:
        most = connections.capacity(sound.database.instance_class)
        if most is None:
            yield Problem(
                typed("database.maxConnections"),
                f"is missing, and how many connections a {sound.database.instance_class} takes is "
                "not known here",
                "a whole number, 10 to 10000; by AWS' formula, its memory in bytes / 9531392",
                set_command("database.maxConnections", "500"),
            )
    demands = list(_demands(sound))
    needed = sum(each.connections for each in demands) + connections.RESERVED
    if most is None or needed <= most:
        return
    sums = "; ".join(map(str, demands))
    is_class = sound.database.max_connections is None and isinstance(sound.database, RdsSettings)
    path = "database.instanceClass" if is_class else "database.maxConnections"
    value = sound.database.instance_class if isinstance(sound.database, RdsSettings) else ""
    yield Problem(
        typed(path),
        f"is {f'{value}, which takes about {most}' if is_class else most}, and the pods may open "
        f"{needed} connections: {sums}; and {connections.RESERVED} for migrations, scripts and "
        "people",
        f"a class, pools ({connections.POOL_SIZE} and {connections.MAX_OVERFLOW} in a service's "
        "env) and replicas that fit together",
        _mended(most, needed, demands, value if is_class else ""),
    )


def _mended(most: int, needed: int, demands: list[Demand], instance_class: str) -> str:
    """A class that is large enough, or else the greediest service's pool made to fit."""
    if instance_class:
        for each in connections.larger(instance_class):
            if (connections.capacity(each) or 0) >= needed:
                return set_command("database.instanceClass", each)
    greediest = max(demands, key=lambda each: each.connections)
    room = most - needed + greediest.connections
    size = max(1, room // greediest.pools)
    env = f"services.{greediest.service}.env"
    return (
        f"{set_command(f'{env}.{connections.POOL_SIZE}', str(size))} && "
        f"{set_command(f'{env}.{connections.MAX_OVERFLOW}', '0')}"
    )


def _demands(sound: Sound) -> Iterator[Demand]:
    """Of each service that gets the database's address, both colors at the larger one's size."""
    for name, service in sound.services.items():
        replicas = max(_replicas(sound, color, name) for color in Color)
        if service.secrets and replicas:
            yield connections.demand(name, service, replicas)


def _replicas(sound: Sound, color: Color, service: str) -> int:
    settings = sound.color(color)
    if settings is None:
        return 0
    replicas = settings.replicas
    return replicas if isinstance(replicas, int) else replicas.get(service, 1)


RULES: Final = (
    stack_can_name_an_instance,
    database_has_a_place,
    a_login_has_its_address,
    pools_are_numbers,
    connections_are_enough,
)
