"""Plans of AWS Backup, and what they select."""

from __future__ import annotations

from typing import Any, ClassVar

from local.plugins.aws.errors import code_of, unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Fields,
    flag,
    integer,
    list_of,
    mapping,
    name,
    output,
    set_of,
    structure,
    text,
)
from local.plugins.aws.region import Region
from local.plugins.aws.resource import Known, Plain, Resource, Update, answered, chosen
from local.plugins.aws.services.backup_vaults import retag, vault_name
from local.plugins.problems import RefusedError
from local.plugins.values import Properties

NOT_FOUND = ("ResourceNotFoundException", "InvalidParameterValueException")
LIFECYCLE = structure(
    {
        "coldStorageAfter": integer(),
        "deleteAfter": integer(),
        "optInToArchiveForSupportedResources": flag(),
    }
)
RULE = structure(
    {
        "completionWindow": integer(default=180),
        "copyActions": set_of(
            structure({"destinationVaultArn": text(required=True), "lifecycle": LIFECYCLE})
        ),
        "enableContinuousBackup": flag(default=False),
        "lifecycle": LIFECYCLE,
        "recoveryPointTags": mapping(),
        "ruleName": text(required=True),
        "schedule": text(),
        "scheduleExpressionTimezone": text(default="Etc/UTC"),
        "startWindow": integer(default=60),
        "targetVaultName": text(required=True, rule=vault_name),
    }
)
_RULE = {
    "completionWindow": "CompletionWindowMinutes",
    "enableContinuousBackup": "EnableContinuousBackup",
    "recoveryPointTags": "RecoveryPointTags",
    "ruleName": "RuleName",
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startWindow": "StartWindowMinutes",
    "targetVaultName": "TargetBackupVaultName",
}
_LIFECYCLE = {
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "optInToArchiveForSupportedResources": "OptInToArchiveForSupportedResources",
}


class Plan(Resource):
    """When backups are taken, where they go and how long they stay."""

    title = "backup plan"
    schema_version = 1
    taken = ("AlreadyExistsException",)
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "name": name(),
        "rules": set_of(RULE, required=True),
        "version": output(),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make it."""
        made = aws.backup.create_backup_plan(
            BackupPlan=_document(wanted), BackupPlanTags=wanted.get("tagsAll") or {}
        )
        return made["BackupPlanId"]

    def find(self, aws: Region, wanted: Plain) -> str | None:
        """The id of the plan that has the wanted name."""
        plans = aws.backup.list_backup_plans()["BackupPlansList"]
        named = (plan for plan in plans if plan["BackupPlanName"] == wanted["name"])
        return next((plan["BackupPlanId"] for plan in named), None)

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The plan; one that was deleted still answers, with the date."""
        try:
            found = aws.backup.get_backup_plan(BackupPlanId=known.id)
        except aws.backup.exceptions.ResourceNotFoundException:
            return None
        if found.get("DeletionDate"):
            return None
        live = answered(
            found, {"id": "BackupPlanId", "arn": "BackupPlanArn", "version": "VersionId"}
        )
        live["name"] = found["BackupPlan"]["BackupPlanName"]
        live["rules"] = [rule_from(rule) for rule in found["BackupPlan"]["Rules"]]
        live["tagsAll"] = aws.backup.list_tags(ResourceArn=live["arn"])["Tags"]
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Put other rules: a new version of the same plan."""
        if update.any("rules"):
            aws.backup.update_backup_plan(BackupPlanId=update.id, BackupPlan=_document(update.new))
        retag(aws, update)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it; AWS refuses while it has selections."""
        with unless_gone("ResourceNotFoundException"):
            aws.backup.delete_backup_plan(BackupPlanId=known.id)


_PAIR = {"key": text(required=True), "value": text(required=True)}
CONDITION = structure(
    {
        kind: set_of(structure(_PAIR))
        for kind in ("stringEquals", "stringLikes", "stringNotEquals", "stringNotLikes")
    }
)
_CONDITIONS = {
    "stringEquals": "StringEquals",
    "stringLikes": "StringLike",
    "stringNotEquals": "StringNotEquals",
    "stringNotLikes": "StringNotLike",
}


class Selection(Resource):
    """What a plan backs up. Any change makes another one."""

    title = "backup selection"
    taken = ("AlreadyExistsException",)
    properties: ClassVar[Fields] = {
        "conditions": list_of(CONDITION, computed=True, replaces=True),
        "iamRoleArn": text(required=True, replaces=True),
        "name": name(),
        "notResources": set_of(text(), computed=True, replaces=True),
        "planId": text(required=True, replaces=True),
        "resources": set_of(text(), replaces=True),
        "selectionTags": set_of(structure({**_PAIR, "type": text(required=True)}), replaces=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Add it to the plan."""
        selection: Any = chosen(
            wanted,
            {
                "iamRoleArn": "IamRoleArn",
                "name": "SelectionName",
                "notResources": "NotResources",
                "resources": "Resources",
            },
        )
        selection["ListOfTags"] = [
            {
                "ConditionType": tag["type"],
                "ConditionKey": tag["key"],
                "ConditionValue": tag["value"],
            }
            for tag in wanted.get("selectionTags") or ()
        ]
        for condition in wanted.get("conditions") or ():
            selection["Conditions"] = {
                there: [
                    {"ConditionKey": pair["key"], "ConditionValue": pair["value"]}
                    for pair in condition[here]
                ]
                for here, there in _CONDITIONS.items()
                if condition.get(here)
            }
        made = aws.backup.create_backup_selection(
            BackupPlanId=wanted["planId"], BackupSelection=selection
        )
        return made["SelectionId"]

    def find(self, aws: Region, wanted: Plain) -> str | None:
        """The id of the selection that has the wanted name in its plan."""
        plan = aws.backup.list_backup_selections(BackupPlanId=wanted["planId"])
        named = (
            one for one in plan["BackupSelectionsList"] if one["SelectionName"] == wanted["name"]
        )
        return next((one["SelectionId"] for one in named), None)

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The selection; on import the id is `plan|selection`."""
        plan, bar, selection = known.id.rpartition("|")
        plan = plan if bar else known.state.get("planId", "")
        if not plan:
            raise RefusedError(
                f"a backup selection is imported as PLAN-ID|SELECTION-ID, not as {known.id}"
            )
        try:
            found = aws.backup.get_backup_selection(BackupPlanId=plan, SelectionId=selection)
        except Exception as error:
            if code_of(error) in NOT_FOUND:
                return None
            raise
        return _selection_from(plan, selection, found["BackupSelection"])

    def delete(self, aws: Region, known: Known) -> None:
        """Take it out of the plan."""
        with unless_gone(*NOT_FOUND):
            aws.backup.delete_backup_selection(
                BackupPlanId=known.state["planId"], SelectionId=known.id
            )


def rule_from(answer: Any) -> Properties:
    """A rule of a program from AWS's."""
    rule = answered(answer, _RULE)
    if lifecycle := answered(answer.get("Lifecycle") or {}, _LIFECYCLE):
        rule["lifecycle"] = lifecycle
    copies = []
    for action in answer.get("CopyActions") or ():
        copy = answered(action, {"destinationVaultArn": "DestinationBackupVaultArn"})
        if lifecycle := answered(action.get("Lifecycle") or {}, _LIFECYCLE):
            copy["lifecycle"] = lifecycle
        copies.append(copy)
    if copies:
        rule["copyActions"] = copies
    return rule


def _document(wanted: Plain) -> Any:
    return {
        "BackupPlanName": wanted["name"],
        "Rules": [_rule_to(rule) for rule in wanted["rules"]],
    }


def _rule_to(rule: Plain) -> Any:
    made = chosen(rule, _RULE)
    if rule.get("lifecycle"):
        made["Lifecycle"] = chosen(rule["lifecycle"], _LIFECYCLE)
    if rule.get("copyActions"):
        made["CopyActions"] = [
            {"DestinationBackupVaultArn": action["destinationVaultArn"]}
            | (
                {"Lifecycle": chosen(action["lifecycle"], _LIFECYCLE)}
                if "lifecycle" in action
                else {}
            )
            for action in rule["copyActions"]
        ]
    return made


def _selection_from(plan: str, selection: str, found: Any) -> Properties:
    live = answered(
        found,
        {
            "iamRoleArn": "IamRoleArn",
            "name": "SelectionName",
            "notResources": "NotResources",
            "resources": "Resources",
        },
    )
    live |= {"id": selection, "planId": plan}
    live["selectionTags"] = [
        answered(tag, {"type": "ConditionType", "key": "ConditionKey", "value": "ConditionValue"})
        for tag in found.get("ListOfTags") or ()
    ]
    conditions = {
        here: [
            answered(pair, {"key": "ConditionKey", "value": "ConditionValue"})
            for pair in (found.get("Conditions") or {}).get(there) or ()
        ]
        for here, there in _CONDITIONS.items()
    }
    given = {here: pairs for here, pairs in conditions.items() if pairs}
    live["conditions"] = [given] if given else []
    return live
