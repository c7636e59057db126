"""RDS instances: new ones, replicas, restored ones."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

from local.plugins.aws.errors import unless_gone
from local.plugins.aws.fields import Fields
from local.plugins.aws.region import Region
from local.plugins.aws.resource import (
    Known,
    Plain,
    Resource,
    Update,
    answered,
    chosen,
    tag_list,
    tag_map,
)
from local.plugins.aws.services.rds_groups import retag
from local.plugins.aws.services.rds_instance_fields import (
    ANSWERED,
    CREATED,
    MODIFIED,
    POINT_IN_TIME,
    PROPERTIES,
    REPLICATED,
    RESTORED,
)
from local.plugins.problems import RefusedError
from local.plugins.values import Properties, has_unknown

NOT_FOUND = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
_ORIGINS = ("replicateSourceDb", "snapshotIdentifier", "restoreToPointInTime")


class Instance(Resource):
    """A database server. It is available as soon as it is made: here none really runs."""

    title = "RDS instance"
    schema_version = 2
    taken = ("DBInstanceAlreadyExists",)
    properties: ClassVar[Fields] = PROPERTIES

    def problems(self, wanted: Properties) -> list[tuple[str, str]]:
        """What RDS, or the official provider before it, refuses."""
        given = {name for name, value in wanted.items() if value is not None}
        found = []
        origins = [name for name in _ORIGINS if name in given]
        if len(origins) > 1:
            found.append((origins[1], f"can't be set together with {origins[0]}"))
        if "replicateSourceDb" in given:
            found += [
                (name, "can't be set on a replica: it has its source's")
                for name in ("dbName", "username")
                if name in given
            ]
        elif not origins and "engine" not in given:
            found.append(("engine", "is needed for an instance that is no replica or restore"))
        if not origins and not has_unknown(wanted):
            found += [
                (name, "is needed for a new instance")
                for name in ("username", "password", "allocatedStorage")
                if name not in given
            ]
        return found

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make it: new, as a replica, from a snapshot, or as another was at a point in time."""
        rds, name = aws.rds, wanted["identifier"]
        tags = tag_list(wanted.get("tagsAll"))
        made: Any
        options: dict[str, Any]
        if source := wanted.get("replicateSourceDb"):
            options = chosen(wanted, REPLICATED)
            made = rds.create_db_instance_read_replica(
                DBInstanceIdentifier=name,
                SourceDBInstanceIdentifier=source,
                Tags=tags,
                **options,
            )
        elif snapshot := wanted.get("snapshotIdentifier"):
            options = chosen(wanted, RESTORED)
            made = rds.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot, Tags=tags, **options
            )
        elif origin := wanted.get("restoreToPointInTime"):
            options = chosen(wanted, RESTORED) | chosen(origin, POINT_IN_TIME)
            if "RestoreTime" in options:
                options["RestoreTime"] = datetime.fromisoformat(options["RestoreTime"])
            made = rds.restore_db_instance_to_point_in_time(
                TargetDBInstanceIdentifier=name, Tags=tags, **options
            )
        else:
            options = chosen(wanted, CREATED)
            made = rds.create_db_instance(DBInstanceIdentifier=name, Tags=tags, **options)
        return str(made["DBInstance"]["DbiResourceId"])

    def finish(self, aws: Region, known: Known) -> None:
        """A restored instance has its source's password until it is given another."""
        restored = known.state.get("snapshotIdentifier") or known.state.get("restoreToPointInTime")
        if restored and known.state.get("password"):
            _modify(aws, known.state["identifier"], {"MasterUserPassword": known.state["password"]})

    def find(self, aws: Region, wanted: Plain) -> str | None:
        """The resource id of the instance that has the wanted identifier."""
        found = _described(aws, wanted["identifier"], wanted["identifier"])
        return found["DbiResourceId"] if found else None

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The instance, whether `known.id` is its resource id or its name."""
        found = _described(aws, known.id, known.state.get("identifier"))
        if found is None:
            return None
        live = answered(found, ANSWERED)
        endpoint: Any = found.get("Endpoint") or {}
        live |= answered(
            endpoint, {"address": "Address", "port": "Port", "hostedZoneId": "HostedZoneId"}
        )
        if endpoint:
            live["endpoint"] = f"{endpoint['Address']}:{endpoint['Port']}"
        subnets: Any = found.get("DBSubnetGroup") or {}
        live |= answered(subnets, {"dbSubnetGroupName": "DBSubnetGroupName"})
        for listed, there, here in (
            ("DBParameterGroups", "DBParameterGroupName", "parameterGroupName"),
            ("OptionGroupMemberships", "OptionGroupName", "optionGroupName"),
        ):
            for group in (found.get(listed) or [])[:1]:
                live |= answered(group, {here: there})
        live["vpcSecurityGroupIds"] = [
            group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups") or ()
        ]
        if moment := found.get("LatestRestorableTime"):
            live["latestRestorableTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        # The program may name a version by its beginning.
        live["engineVersionActual"] = actual = str(live.get("engineVersion", ""))
        named = str(known.state.get("engineVersion") or "")
        if named and actual.startswith(named):
            live["engineVersion"] = named
        live["tagsAll"] = tag_map(found.get("TagList"))
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Change what differs, at once."""
        old, new = update.old, update.new
        name = old["identifier"]
        if update.any("replicateSourceDb"):
            if new.get("replicateSourceDb"):
                raise RefusedError(
                    f"RDS instance {name} can't be made a replica of"
                    f" {new['replicateSourceDb']}: only a new instance can be one"
                )
            aws.rds.promote_read_replica(DBInstanceIdentifier=name)
        options = chosen({key: new.get(key) for key in update.changed}, MODIFIED)
        if update.any("maxAllocatedStorage") and not new.get("maxAllocatedStorage"):
            options["MaxAllocatedStorage"] = new.get("allocatedStorage") or old["allocatedStorage"]
        for key in ("deletionProtection", "iamDatabaseAuthenticationEnabled"):
            if update.any(key):
                options[MODIFIED[key]] = bool(new.get(key))
        if update.any("enabledCloudwatchLogsExports"):
            options |= _exports(old, new)
        if update.any("engineVersion"):
            options["AllowMajorVersionUpgrade"] = bool(new.get("allowMajorVersionUpgrade"))
        if update.any("identifier"):
            options["NewDBInstanceIdentifier"] = new["identifier"]
        retag(aws, update)  # by the ARN that it still has
        _modify(aws, name, options)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it, after a last snapshot unless that is to be skipped."""
        name = known.state.get("identifier") or known.id
        options: dict[str, Any] = {"SkipFinalSnapshot": bool(known.state.get("skipFinalSnapshot"))}
        if not options["SkipFinalSnapshot"]:
            if not known.state.get("finalSnapshotIdentifier"):
                raise RefusedError(
                    f"RDS instance {name} was not deleted: finalSnapshotIdentifier is needed as"
                    " long as skipFinalSnapshot is false. Set one of them, run `pulumi up`, and"
                    " delete it then"
                )
            options["FinalDBSnapshotIdentifier"] = known.state["finalSnapshotIdentifier"]
        with unless_gone(*NOT_FOUND):
            aws.rds.delete_db_instance(
                DBInstanceIdentifier=name,
                DeleteAutomatedBackups=bool(known.state.get("deleteAutomatedBackups", True)),
                **options,
            )

    def unimportant(self, name: str, old: Plain, new: Plain) -> bool:
        """Storage that RDS has enlarged by itself stays; so does autoscaling that is none."""
        if name == "allocatedStorage":
            most, before, after = new.get("maxAllocatedStorage"), old.get(name), new.get(name)
            if isinstance(most, int) and isinstance(before, int) and isinstance(after, int):
                return before > after and most > after
        if name == "maxAllocatedStorage":
            return not old.get(name) and new.get(name) == new.get("allocatedStorage")
        return super().unimportant(name, old, new)


def _described(aws: Region, identifier: str, name: str | None) -> Any:
    """One instance. moto by itself gives all the same resource id: then the name decides."""
    if re.fullmatch(r"db-[0-9A-Z]{2,255}", identifier):
        filters: Any = [{"Name": "dbi-resource-id", "Values": [identifier]}]
        found = aws.rds.describe_db_instances(Filters=filters)["DBInstances"]
        named = [one for one in found if one.get("DBInstanceIdentifier") == (name or "").lower()]
        return next(iter([*named, *found]), None)
    try:
        return aws.rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    except aws.rds.exceptions.DBInstanceNotFoundFault:
        return None


def _exports(old: Plain, new: Plain) -> dict[str, Any]:
    before, after = (set(values.get("enabledCloudwatchLogsExports") or ()) for values in (old, new))
    if before == after:
        return {}
    return {
        "CloudwatchLogsExportConfiguration": {
            "EnableLogTypes": sorted(after - before),
            "DisableLogTypes": sorted(before - after),
        }
    }


def _modify(aws: Region, name: str, options: dict[str, Any]) -> None:
    if options:
        aws.rds.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **options)
