"""Security groups of EC2, with their rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from local.plugins.aws.comparing import same
from local.plugins.aws.errors import unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Fields,
    flag,
    integer,
    list_of,
    name,
    output,
    set_of,
    structure,
    text,
)
from local.plugins.aws.region import Region
from local.plugins.aws.resource import (
    Known,
    Plain,
    Resource,
    Update,
    answered,
    chosen,
    retagged,
    tag_list,
    tag_map,
)
from local.plugins.values import Properties, Value

NOT_FOUND = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
_PROTOCOLS = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def protocol(text: str) -> str:
    """A protocol's name: AWS takes numbers as well."""
    return _PROTOCOLS.get(text.lower(), text.lower())


RULE = structure(
    {
        "cidrBlocks": list_of(text()),
        "description": text(),
        "fromPort": integer(required=True),
        "ipv6CidrBlocks": list_of(text()),
        "prefixListIds": list_of(text()),
        "protocol": text(required=True, alike=protocol),
        "securityGroups": set_of(text()),
        "self": flag(default=False),
        "toPort": integer(required=True),
    }
)
RULES = set_of(RULE, computed=True)
# Where a rule says whom it admits: AWS's name, the name of one entry, Pulumi's name.
_SOURCES = (
    ("IpRanges", "CidrIp", "cidrBlocks"),
    ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
    ("PrefixListIds", "PrefixListId", "prefixListIds"),
    ("UserIdGroupPairs", "GroupId", "securityGroups"),
)


class SecurityGroup(Resource):
    """Who may reach what is in the group."""

    title = "security group"
    schema_version = 1
    taken = ("InvalidGroup.Duplicate",)
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "description": text(default="Managed by Pulumi", replaces=True),
        "egress": RULES,
        "ingress": RULES,
        "name": name(),
        "ownerId": output(),
        "revokeRulesOnDelete": flag(default=False, unread=True),
        "vpcId": text(computed=True, replaces=True),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make the group, in the default VPC unless another is given."""
        options: dict[str, Any] = chosen(wanted, {"vpcId": "VpcId"})
        if tags := tag_list(wanted.get("tagsAll")):
            options["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": tags}]
        made = aws.ec2.create_security_group(
            GroupName=wanted["name"], Description=wanted["description"], **options
        )
        return made["GroupId"]

    def finish(self, aws: Region, known: Known) -> None:
        """Take away the rule with which AWS lets everything out of a new group, as officially."""
        found = _describe(aws, **{"group-id": known.id})
        if found is not None and not known.state.get("egress"):
            live = rules_of(found["IpPermissionsEgress"], known.id)
            _replace(aws, known.id, "egress", live, [])

    def find(self, aws: Region, wanted: Plain) -> str | None:
        """The id of the group with the wanted name, in its VPC or the default one."""
        vpc = wanted.get("vpcId")
        if not vpc:
            default: Any = [{"Name": "is-default", "Values": ["true"]}]
            vpcs = aws.ec2.describe_vpcs(Filters=default)["Vpcs"]
            vpc = vpcs[0]["VpcId"] if vpcs else ""
        found = _describe(aws, **{"group-name": wanted["name"], "vpc-id": vpc})
        return found["GroupId"] if found else None

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The group; its rules in the shape in which the state has them."""
        group = known.id
        found = _describe(aws, **{"group-id": group})
        if found is None:
            return None
        live = answered(
            found,
            {"name": "GroupName", "description": "Description", "vpcId": "VpcId"},
        )
        owner = found["OwnerId"]
        return live | {
            "arn": f"arn:aws:ec2:{aws.name}:{owner}:security-group/{group}",
            "ownerId": owner,
            "ingress": shaped(rules_of(found["IpPermissions"], group), known.state.get("ingress")),
            "egress": shaped(
                rules_of(found["IpPermissionsEgress"], group), known.state.get("egress")
            ),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def update(self, aws: Region, update: Update) -> None:
        """Change the rules that differ."""
        found = _describe(aws, **{"group-id": update.id})
        for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if update.any(direction) and found is not None:
                live = rules_of(found[key], update.id)
                _replace(aws, update.id, direction, live, update.new.get(direction) or [])
        if update.any("tagsAll"):
            changed, removed = retagged(update)
            if removed:
                aws.ec2.delete_tags(Resources=[update.id], Tags=[{"Key": key} for key in removed])
            if changed:
                aws.ec2.create_tags(Resources=[update.id], Tags=changed)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it; AWS refuses while something is in it."""
        with unless_gone(*NOT_FOUND):
            aws.ec2.delete_security_group(GroupId=known.id)


def rules_of(permissions: Iterable[Any], group: str) -> list[dict[str, Value]]:
    """AWS's permissions as rules with one source each, and one protocol and range of ports."""
    rules = []
    for permission in permissions:
        base = {
            "protocol": permission["IpProtocol"],
            "fromPort": permission.get("FromPort") or 0,
            "toPort": permission.get("ToPort") or 0,
        }
        for there, entry, here in _SOURCES:
            for source in permission.get(there) or ():
                rule = base | answered(source, {"description": "Description"})
                rule |= {"self": True} if source[entry] == group else {here: [source[entry]]}
                rules.append(rule)
    return rules


def permission(rule: Any, group: str) -> dict[str, Any]:
    """A rule of a program as AWS takes it."""
    described = chosen(rule, {"description": "Description"})
    made: dict[str, Any] = {"IpProtocol": rule["protocol"]}
    if protocol(rule["protocol"]) != "all":
        made |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    for there, entry, here in _SOURCES:
        sources = list(rule.get(here) or ())
        if here == "securityGroups" and rule.get("self"):
            sources.append(group)
        if sources:
            made[there] = [{entry: source} | described for source in sources]
    return made


def shaped(live: list[dict[str, Value]], known: Value) -> list[Any]:
    """Live rules written as they are in the state, where all of such a rule is there."""
    rest, result = list(live), []
    for rule in known or ():
        parts = rules_of([permission(rule, "")], "")
        if all(_position(part, rest) is not None for part in parts):
            for part in parts:
                rest.pop(_position(part, rest) or 0)
            result.append(rule)
    return result + rest


def _position(rule: dict[str, Value], among: list[dict[str, Value]]) -> int | None:
    return next((at for at, other in enumerate(among) if same(RULE, rule, other)), None)


def _replace(
    aws: Region, group: str, direction: str, live: list[dict[str, Value]], wanted: list[Any]
) -> None:
    """Make the live rules those that are wanted. Old ones go first, as officially.

    AWS refuses a rule that differs from one that is there in its description only.
    """
    parts = rules_of([permission(rule, group) for rule in wanted], group)
    added = [permission(rule, group) for rule in parts if _position(rule, live) is None]
    removed = [permission(rule, group) for rule in live if _position(rule, parts) is None]
    change: dict[str, Any] = {
        "ingress": (
            aws.ec2.revoke_security_group_ingress,
            aws.ec2.authorize_security_group_ingress,
        ),
        "egress": (
            aws.ec2.revoke_security_group_egress,
            aws.ec2.authorize_security_group_egress,
        ),
    }
    for do, rules in zip(change[direction], (removed, added), strict=True):
        if rules:
            do(GroupId=group, IpPermissions=rules)


def _describe(aws: Region, **by: str) -> Any:
    filters: list[Any] = [{"Name": key, "Values": [value]} for key, value in by.items()]
    found = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return found[0] if found else None
