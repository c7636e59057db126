"""RDS as far as moto lacks it: resource ids, performance insights, parameters set back."""

from __future__ import annotations

import string
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBParameterGroupNotFoundError,
    RDSClientError,
)
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

# Given under one name, answered under another.
_INSIGHTS = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
}
_init = DBInstance.__init__
_update = DBInstance.update
_replicate = RDSBackend.create_db_instance_read_replica
_promote = RDSBackend.promote_read_replica
_restore = RDSBackend.restore_db_instance_to_point_in_time
_create_subnet_group = RDSBackend.create_subnet_group


def resource_id() -> str:
    """A new one, in AWS's form: `db-` and 26 letters and digits."""
    letters = string.ascii_uppercase + string.digits
    return "db-" + "".join(mock_random.choice(letters) for _ in range(26))


def init(self: DBInstance, *args: Any, **given: Any) -> None:
    """Make an instance with a resource id of its own."""
    _init(self, *args, **given)
    self.dbi_resource_id = resource_id()
    _remember(self, given)


def update(self: DBInstance, **given: Any) -> None:
    """Change an instance."""
    _update(self, **given)
    _remember(self, given)


def replicate(self: RDSBackend, db_kwargs: dict[str, Any]) -> DBInstance:
    """A replica shares nothing with its primary but what it does not say otherwise.

    Nor does it take the place of an instance that has its name.
    """
    if db_kwargs["db_instance_identifier"] in self.databases:
        raise DBInstanceAlreadyExists
    replica = _replicate(self, db_kwargs)
    replica.dbi_resource_id = resource_id()
    replica.created = replica.instance_create_time = utcnow()
    replica.enabled_cloudwatch_logs_exports = list(
        db_kwargs.get("enable_cloudwatch_logs_exports") or []
    )
    replica.tags = list(db_kwargs.get("tags") or [])
    replica.deletion_protection = bool(db_kwargs.get("deletion_protection"))
    return replica


def promote(self: RDSBackend, db_kwargs: dict[str, Any]) -> DBInstance:
    """What is promoted has no source any more, and is no replica of it."""
    promoted = _promote(self, db_kwargs)
    if promoted.source_db_instance_identifier:
        source = self.find_db_from_id(promoted.source_db_instance_identifier)
        source.remove_replica(promoted)
        promoted.source_db_instance_identifier = None
    return promoted


def restore(self: RDSBackend, *args: Any, **given: Any) -> DBInstance:
    """What is restored from another instance is no replica of it."""
    restored = _restore(self, *args, **given)
    restored.source_db_instance_identifier = None
    return restored


def create_subnet_group(self: RDSBackend, subnet_name: str, *rest: Any, **given: Any) -> Any:
    """A name that is taken is refused; moto would put the new group in the place of the old."""
    if subnet_name in self.subnet_groups:
        raise RDSClientError(
            "DBSubnetGroupAlreadyExists", f"The DB subnet group '{subnet_name}' already exists."
        )
    return _create_subnet_group(self, subnet_name, *rest, **given)


def reset_db_parameter_group(self: RDSResponse) -> ActionResult:
    """Give the parameters that are named, or all, their defaults back."""
    name = self.params["DBParameterGroupName"]
    groups = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})
    if not groups:
        raise DBParameterGroupNotFoundError(name)
    parameters = groups[0].parameters
    if self.params.get("ResetAllParameters"):
        parameters.clear()
    for parameter in self.params.get("Parameters") or []:
        parameters.pop(parameter["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": name})


def _remember(instance: DBInstance, given: dict[str, Any]) -> None:
    for asked, answered in _INSIGHTS.items():
        for name in (answered, asked):
            if given.get(name) is not None:
                setattr(instance, answered, given[name])


def install() -> None:
    """Add to moto what it does not have by itself."""
    DBInstance.__init__ = init  # type: ignore[method-assign]
    DBInstance.update = update  # type: ignore[method-assign, assignment]
    RDSBackend.create_db_instance_read_replica = replicate  # type: ignore[method-assign]
    RDSBackend.promote_read_replica = promote  # type: ignore[method-assign]
    RDSBackend.restore_db_instance_to_point_in_time = restore  # type: ignore[method-assign]
    RDSBackend.create_subnet_group = create_subnet_group  # type: ignore[method-assign]
    if not hasattr(RDSResponse, "reset_db_parameter_group"):
        setattr(RDSResponse, "reset_db_parameter_group", reset_db_parameter_group)  # noqa: B010
