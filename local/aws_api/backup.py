"""AWS Backup as far as moto lacks it: selections, notifications, access policies, changed plans."""

from __future__ import annotations

import json
from typing import Any

from moto.backup import urls
from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Plan, Vault
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random

_VAULT_PATHS = ("notification-configuration", "access-policy")
_create_plan = BackupBackend.create_backup_plan
_delete_plan = BackupBackend.delete_backup_plan


class Added(BackupResponse):
    """The operations that moto's own answers don't have."""

    def update_backup_plan(self) -> str:
        """Replace a plan's rules; its id stays, its version is new."""
        plan = self._plan()
        document = json.loads(self.body)["BackupPlan"]
        fresh = Plan(document, plan.creator_request_id, self.backup_backend)
        plan.backup_plan = fresh.backup_plan
        plan.advanced_backup_settings = fresh.advanced_backup_settings
        plan.version_id = fresh.version_id
        return json.dumps(plan.to_dict())

    def create_backup_selection(self) -> str:
        """Add a selection; its name is unique within the plan."""
        plan = self._plan()
        params = json.loads(self.body)
        asked = params["BackupSelection"]
        if any(asked["SelectionName"] == kept["SelectionName"] for kept in _listed(plan)):
            raise AlreadyExistsException(msg="Backup selection with the same name already exists")
        chosen = {
            "SelectionId": str(mock_random.uuid4()),
            "BackupPlanId": plan.backup_plan_id,
            "CreationDate": unix_time(),
            "CreatorRequestId": params.get("CreatorRequestId"),
        }
        selections(plan)[chosen["SelectionId"]] = chosen | {"BackupSelection": asked}
        return json.dumps(chosen)

    def get_backup_selection(self) -> str:
        """Return one selection."""
        found = selections(self._plan()).get(self.uri_match["selectionId"])
        if found is None:
            raise ResourceNotFoundException(msg="Backup selection does not exist")
        return json.dumps(found)

    def list_backup_selections(self) -> str:
        """Return the selections of a plan, in short."""
        return json.dumps({"BackupSelectionsList": _listed(self._plan())})

    def delete_backup_selection(self) -> str:
        """Take a selection away."""
        if selections(self._plan()).pop(self.uri_match["selectionId"], None) is None:
            raise ResourceNotFoundException(msg="Backup selection does not exist")
        return "{}"

    def put_backup_vault_notifications(self) -> str:
        """Say which events of a vault go to which topic."""
        vars(self._vault())["notifications"] = json.loads(self.body)
        return "{}"

    def get_backup_vault_notifications(self) -> str:
        """Return what was put."""
        return self._of_vault("notifications", "Failed reading notifications from database")

    def delete_backup_vault_notifications(self) -> str:
        """Take it away."""
        vars(self._vault()).pop("notifications", None)
        return "{}"

    def put_backup_vault_access_policy(self) -> str:
        """Set a vault's policy."""
        vars(self._vault())["access_policy"] = json.loads(self.body)
        return "{}"

    def get_backup_vault_access_policy(self) -> str:
        """Return what was put."""
        return self._of_vault("access_policy", "Backup vault has no associated policy")

    def delete_backup_vault_access_policy(self) -> str:
        """Take it away."""
        vars(self._vault()).pop("access_policy", None)
        return "{}"

    def _plan(self) -> Plan:
        plan = self.backup_backend.plans.get(self.uri_match["backupPlanId"])
        if plan is None or plan.deletion_date is not None:
            raise ResourceNotFoundException(msg="Failed reading Backup plan with provided version")
        return plan

    def _vault(self) -> Vault:
        return self.backup_backend.describe_backup_vault(self.uri_match["backupVaultName"])

    def _of_vault(self, what: str, missing: str) -> str:
        vault = self._vault()
        found = vars(vault).get(what)
        if found is None:
            raise ResourceNotFoundException(msg=missing)
        names = {
            "BackupVaultName": vault.backup_vault_name,
            "BackupVaultArn": vault.backup_vault_arn,
        }
        return json.dumps(names | found)


def selections(plan: Plan) -> dict[str, dict[str, Any]]:
    """The selections of a plan, by id."""
    kept: dict[str, dict[str, Any]] = vars(plan).setdefault("selections", {})
    return kept


def _listed(plan: Plan) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in kept.items() if key != "BackupSelection"}
        | {key: kept["BackupSelection"][key] for key in ("SelectionName", "IamRoleArn")}
        for kept in selections(plan).values()
    ]


def create_backup_plan(
    self: BackupBackend, backup_plan: dict[str, Any], *rest: Any, **kw: Any
) -> Plan:
    """A deleted plan's name is free again; moto goes on counting it."""
    for identifier, plan in list(self.plans.items()):
        same_name = plan.backup_plan["BackupPlanName"] == backup_plan["BackupPlanName"]
        if same_name and plan.deletion_date is not None:
            del self.plans[identifier]
    return _create_plan(self, backup_plan, *rest, **kw)


def delete_backup_plan(self: BackupBackend, backup_plan_id: str) -> tuple[str, str, float, str]:
    """A plan that still has selections is not deleted."""
    plan = self.plans.get(backup_plan_id)
    if plan is not None and selections(plan):
        raise InvalidRequestException(
            msg="Related backup plan selections must be deleted prior to backup plan deletion"
        )
    return _delete_plan(self, backup_plan_id)


def install() -> None:
    """Add to moto what it does not have by itself."""
    for name, operation in vars(Added).items():
        if not name.startswith("__") and not hasattr(BackupResponse, name):
            setattr(BackupResponse, name, operation)
    for path in _VAULT_PATHS:
        urls.url_paths[f"{{0}}/backup-vaults/(?P<name>[^/]+)/{path}$"] = urls.response.dispatch
    BackupBackend.create_backup_plan = create_backup_plan  # type: ignore[method-assign]
    BackupBackend.delete_backup_plan = delete_backup_plan  # type: ignore[method-assign]
