"""Groups that RDS instances refer to: of subnets, of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from local.plugins.aws.errors import unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Fields,
    flag,
    name,
    one_of,
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
    retagged,
    tag_list,
    tag_map,
)
from local.plugins.values import Properties

CHUNK = 20
"""Parameters that RDS takes in one request."""


class SubnetGroup(Resource):
    """Where in a VPC instances may be."""

    title = "DB subnet group"
    taken = ("DBSubnetGroupAlreadyExists", "DBSubnetGroupAlreadyExistsFault")
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "description": text(default="Managed by Pulumi"),
        "name": name(alike=str.lower),
        "subnetIds": set_of(text(), required=True),
        "supportedNetworkTypes": output(set_of(text())),
        "vpcId": output(),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make the group."""
        made = aws.rds.create_db_subnet_group(
            DBSubnetGroupName=wanted["name"],
            DBSubnetGroupDescription=wanted["description"],
            SubnetIds=wanted["subnetIds"],
            Tags=tag_list(wanted.get("tagsAll")),
        )
        return made["DBSubnetGroup"]["DBSubnetGroupName"]

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The group with its subnets."""
        try:
            answer = aws.rds.describe_db_subnet_groups(DBSubnetGroupName=known.id)
        except aws.rds.exceptions.DBSubnetGroupNotFoundFault:
            return None
        found: Any = answer["DBSubnetGroups"][0]
        live = answered(
            found,
            {
                "arn": "DBSubnetGroupArn",
                "name": "DBSubnetGroupName",
                "description": "DBSubnetGroupDescription",
                "vpcId": "VpcId",
                "supportedNetworkTypes": "SupportedNetworkTypes",
            },
        )
        live["subnetIds"] = [subnet["SubnetIdentifier"] for subnet in found["Subnets"]]
        live["tagsAll"] = tags_of(aws, live["arn"])
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Change subnets and description."""
        if update.any("description", "subnetIds"):
            aws.rds.modify_db_subnet_group(
                DBSubnetGroupName=update.id,
                DBSubnetGroupDescription=update.new["description"],
                SubnetIds=update.new["subnetIds"],
            )
        retag(aws, update)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it; RDS refuses while an instance is in it."""
        with unless_gone("DBSubnetGroupNotFoundFault"):
            aws.rds.delete_db_subnet_group(DBSubnetGroupName=known.id)


PARAMETER = structure(
    {
        "applyMethod": text(default="immediate", rule=one_of("immediate", "pending-reboot")),
        "name": text(required=True, alike=str.lower),
        "value": text(required=True),
    }
)


class ParameterGroup(Resource):
    """Settings of the database server."""

    title = "DB parameter group"
    taken = ("DBParameterGroupAlreadyExists", "DBParameterGroupAlreadyExistsFault")
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "description": text(default="Managed by Pulumi", replaces=True),
        "family": text(required=True, replaces=True),
        "name": name(alike=str.lower),
        "parameters": set_of(PARAMETER),
        "skipDestroy": flag(default=False, unread=True),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make the group."""
        made = aws.rds.create_db_parameter_group(
            DBParameterGroupName=wanted["name"],
            DBParameterGroupFamily=wanted["family"],
            Description=wanted["description"],
            Tags=tag_list(wanted.get("tagsAll")),
        )
        return made["DBParameterGroup"]["DBParameterGroupName"]

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The group with those parameters that somebody has set."""
        try:
            answer = aws.rds.describe_db_parameter_groups(DBParameterGroupName=known.id)
        except aws.rds.exceptions.DBParameterGroupNotFoundFault:
            return None
        if not answer["DBParameterGroups"]:
            return None
        live = answered(
            answer["DBParameterGroups"][0],
            {
                "arn": "DBParameterGroupArn",
                "name": "DBParameterGroupName",
                "family": "DBParameterGroupFamily",
                "description": "Description",
            },
        )
        pages = aws.rds.get_paginator("describe_db_parameters").paginate(
            DBParameterGroupName=known.id
        )
        # moto does not tell who set a parameter, and has no others.
        live["parameters"] = [
            answered(
                found,
                {"name": "ParameterName", "value": "ParameterValue", "applyMethod": "ApplyMethod"},
            )
            for page in pages
            for found in page["Parameters"]
            if found.get("Source", "user") == "user"
        ]
        live["tagsAll"] = tags_of(aws, live["arn"])
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Set what is wanted and give back their defaults to the rest."""
        if update.any("parameters"):
            parameters = update.new.get("parameters") or []
            for some in _chunks(parameters):
                aws.rds.modify_db_parameter_group(DBParameterGroupName=update.id, Parameters=some)
            wanted = {entry["name"].lower() for entry in parameters}
            removed = [
                entry
                for entry in update.old.get("parameters") or ()
                if entry["name"].lower() not in wanted
            ]
            for some in _chunks(removed):
                aws.rds.reset_db_parameter_group(DBParameterGroupName=update.id, Parameters=some)
        retag(aws, update)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it; RDS refuses while an instance uses it."""
        if known.state.get("skipDestroy"):
            return
        with unless_gone("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"):
            aws.rds.delete_db_parameter_group(DBParameterGroupName=known.id)


def tags_of(aws: Region, arn: str) -> dict[str, str]:
    """The tags of anything in RDS."""
    return tag_map(aws.rds.list_tags_for_resource(ResourceName=arn)["TagList"])


def retag(aws: Region, update: Update) -> None:
    """Change the tags of anything in RDS."""
    if update.any("tagsAll"):
        changed, removed = retagged(update)
        arn = update.old["arn"]
        if removed:
            aws.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=removed)
        if changed:
            aws.rds.add_tags_to_resource(ResourceName=arn, Tags=changed)


def _chunks(parameters: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(parameters), CHUNK):
        yield [
            {
                "ParameterName": entry["name"],
                "ParameterValue": entry["value"],
                "ApplyMethod": entry.get("applyMethod", "immediate"),
            }
            for entry in parameters[start : start + CHUNK]
        ]
