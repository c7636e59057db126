"""Roles of IAM and the policies attached to them. IAM has no regions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.plugins.aws.errors import unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Autoname,
    Fields,
    between,
    document,
    flag,
    integer,
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
from local.plugins.values import Properties

NOT_FOUND = "NoSuchEntity"


class Role(Resource):
    """A role that AWS's services take on."""

    title = "IAM role"
    regional = False
    taken = ("EntityAlreadyExists",)
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "assumeRolePolicy": document(required=True),
        "createDate": output(steady=True),
        "description": text(),
        "forceDetachPolicies": flag(default=False, unread=True),
        "inlinePolicies": set_of(structure({"name": text(), "policy": document()}), computed=True),
        "managedPolicyArns": output(set_of(text()), steady=True),
        "maxSessionDuration": integer(default=3600, rule=between(3600, 43200)),
        "name": name(autoname=Autoname(length=64)),
        "path": text(default="/", replaces=True),
        "permissionsBoundary": text(),
        "uniqueId": output(),
        **TAGS,
    }
    _CREATED: ClassVar[Mapping[str, str]] = {
        "description": "Description",
        "maxSessionDuration": "MaxSessionDuration",
        "path": "Path",
        "permissionsBoundary": "PermissionsBoundary",
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make the role."""
        options: dict[str, Any] = chosen(wanted, self._CREATED)
        aws.iam.create_role(
            RoleName=wanted["name"],
            AssumeRolePolicyDocument=wanted["assumeRolePolicy"],
            Tags=tag_list(wanted.get("tagsAll")),
            **options,
        )
        return str(wanted["name"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The role with its policies."""
        try:
            found: Any = aws.iam.get_role(RoleName=known.id)["Role"]
        except aws.iam.exceptions.NoSuchEntityException:
            return None
        live = answered(
            found,
            {
                "arn": "Arn",
                "name": "RoleName",
                "path": "Path",
                "description": "Description",
                "maxSessionDuration": "MaxSessionDuration",
                "uniqueId": "RoleId",
            },
        )
        live["assumeRolePolicy"] = json.dumps(found["AssumeRolePolicyDocument"])
        live["createDate"] = found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
        boundary = found.get("PermissionsBoundary") or {}
        live |= answered(boundary, {"permissionsBoundary": "PermissionsBoundaryArn"})
        live["inlinePolicies"] = [
            {
                "name": policy,
                "policy": json.dumps(
                    aws.iam.get_role_policy(RoleName=known.id, PolicyName=policy)["PolicyDocument"]
                ),
            }
            for policy in aws.iam.list_role_policies(RoleName=known.id)["PolicyNames"]
        ]
        live["managedPolicyArns"] = attached(aws, known.id)
        live["tagsAll"] = tag_map(found.get("Tags"))
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Change what a role lets change."""
        new = update.new
        if update.any("assumeRolePolicy"):
            aws.iam.update_assume_role_policy(
                RoleName=update.id, PolicyDocument=new["assumeRolePolicy"]
            )
        if update.any("description", "maxSessionDuration"):
            aws.iam.update_role(
                RoleName=update.id,
                Description=new.get("description") or "",
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if update.any("permissionsBoundary"):
            if new.get("permissionsBoundary"):
                aws.iam.put_role_permissions_boundary(
                    RoleName=update.id, PermissionsBoundary=new["permissionsBoundary"]
                )
            else:
                aws.iam.delete_role_permissions_boundary(RoleName=update.id)
        if update.any("inlinePolicies"):
            wanted = {policy["name"] for policy in new.get("inlinePolicies") or ()}
            for policy in update.old.get("inlinePolicies") or ():
                if policy["name"] not in wanted:
                    aws.iam.delete_role_policy(RoleName=update.id, PolicyName=policy["name"])
            for policy in new.get("inlinePolicies") or ():
                aws.iam.put_role_policy(
                    RoleName=update.id, PolicyName=policy["name"], PolicyDocument=policy["policy"]
                )
        if update.any("tagsAll"):
            changed, removed = retagged(update)
            aws.iam.untag_role(RoleName=update.id, TagKeys=removed)
            aws.iam.tag_role(RoleName=update.id, Tags=changed)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it with its inline policies; attached ones only if that is asked for."""
        with unless_gone(NOT_FOUND):
            for policy in aws.iam.list_role_policies(RoleName=known.id)["PolicyNames"]:
                aws.iam.delete_role_policy(RoleName=known.id, PolicyName=policy)
            if known.state.get("forceDetachPolicies"):
                for arn in attached(aws, known.id):
                    aws.iam.detach_role_policy(RoleName=known.id, PolicyArn=arn)
            aws.iam.delete_role(RoleName=known.id)


class RolePolicyAttachment(Resource):
    """A managed policy that a role has."""

    title = "attached IAM policy"
    regional = False
    delete_first = True
    properties: ClassVar[Fields] = {
        "policyArn": text(required=True, replaces=True),
        "role": text(required=True, replaces=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Attach the policy; attached already, that is no error."""
        aws.iam.attach_role_policy(RoleName=wanted["role"], PolicyArn=wanted["policyArn"])
        return f"{wanted['role']}/{wanted['policyArn']}"

    def read(self, aws: Region, known: Known) -> Properties | None:
        """Whether it is attached."""
        role, _, policy = known.id.partition("/")
        if known.state.get("role"):  # an id of older versions says neither
            role, policy = known.state["role"], known.state["policyArn"]
        try:
            if policy not in attached(aws, role):
                return None
        except aws.iam.exceptions.NoSuchEntityException:
            return None
        return {"role": role, "policyArn": policy}

    def delete(self, aws: Region, known: Known) -> None:
        """Detach the policy."""
        with unless_gone(NOT_FOUND):
            aws.iam.detach_role_policy(
                RoleName=known.state["role"], PolicyArn=known.state["policyArn"]
            )


def attached(aws: Region, role: str) -> list[str]:
    """The ARNs of the policies that a role has, sorted."""
    pages = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])
