"""The properties of an RDS instance, and their names in each of RDS's requests and answers."""

from __future__ import annotations

import re

from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Autoname,
    Field,
    between,
    flag,
    integer,
    one_of,
    output,
    set_of,
    structure,
    text,
)
from local.plugins.values import Value


def instance_of(source: str) -> str:
    """The identifier of an instance that may be given as an ARN."""
    return source.rpartition(":")[2].lower()


def snapshot_name(name: Value) -> str | None:
    """RDS's rule for the names of snapshots."""
    if re.fullmatch(r"[A-Za-z](-?[A-Za-z0-9])*", str(name)):
        return None
    return (
        f"must begin with a letter, have letters, digits and single hyphens, and not end with a"
        f" hyphen: {name}"
    )


PROPERTIES: dict[str, Field] = {
    "address": output(),
    "allocatedStorage": integer(computed=True),
    "allowMajorVersionUpgrade": flag(unread=True),
    "applyImmediately": flag(default=False, unread=True),
    "arn": ARN,
    "autoMinorVersionUpgrade": flag(default=True),
    "availabilityZone": text(computed=True, replaces=True),
    "backupRetentionPeriod": integer(computed=True, rule=between(0, 35)),
    "backupWindow": text(computed=True),
    "caCertIdentifier": text(computed=True),
    "copyTagsToSnapshot": flag(default=False),
    "dbName": text(computed=True, replaces=True),
    "dbSubnetGroupName": text(computed=True, alike=str.lower),
    "deleteAutomatedBackups": flag(default=True, unread=True),
    "deletionProtection": flag(),
    "enabledCloudwatchLogsExports": set_of(text()),
    "endpoint": output(),
    "engine": text(computed=True, replaces=True, alike=str.lower),
    "engineVersion": text(computed=True),
    "engineVersionActual": output(),
    "finalSnapshotIdentifier": text(unread=True, rule=snapshot_name),
    "hostedZoneId": output(),
    "iamDatabaseAuthenticationEnabled": flag(),
    "identifier": text(computed=True, alike=str.lower, autoname=Autoname(separator="")),
    "instanceClass": text(required=True),
    "iops": integer(computed=True),
    "kmsKeyId": text(computed=True, replaces=True),
    "latestRestorableTime": output(steady=True),
    "licenseModel": text(computed=True),
    "maintenanceWindow": text(computed=True, alike=str.lower),
    "maxAllocatedStorage": integer(),
    "monitoringInterval": integer(default=0, rule=one_of(0, 1, 5, 10, 15, 30, 60)),
    "monitoringRoleArn": text(computed=True),
    "multiAz": flag(computed=True),
    "networkType": text(computed=True),
    "optionGroupName": text(computed=True),
    "parameterGroupName": text(computed=True, alike=str.lower),
    "password": text(secret=True, unread=True),
    "performanceInsightsEnabled": flag(default=False),
    "performanceInsightsKmsKeyId": text(computed=True),
    "performanceInsightsRetentionPeriod": integer(computed=True),
    "port": integer(computed=True),
    "publiclyAccessible": flag(default=False),
    "replicas": output(set_of(text()), steady=True),
    "replicateSourceDb": text(alike=instance_of),
    "resourceId": output(),
    "restoreToPointInTime": structure(
        {
            "restoreTime": text(),
            "sourceDbInstanceAutomatedBackupsArn": text(),
            "sourceDbInstanceIdentifier": text(),
            "sourceDbiResourceId": text(),
            "useLatestRestorableTime": flag(),
        },
        replaces=True,
        unread=True,
    ),
    "skipFinalSnapshot": flag(default=False, unread=True),
    "snapshotIdentifier": text(computed=True, replaces=True, unread=True),
    "status": output(),
    "storageEncrypted": flag(replaces=True),
    "storageThroughput": integer(computed=True),
    "storageType": text(computed=True),
    "username": text(computed=True, replaces=True),
    "vpcSecurityGroupIds": set_of(text(), computed=True),
    **TAGS,
}

MODIFIED = {
    "allocatedStorage": "AllocatedStorage",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "deletionProtection": "DeletionProtection",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "networkType": "NetworkType",
    "optionGroupName": "OptionGroupName",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "port": "DBPortNumber",
    "publiclyAccessible": "PubliclyAccessible",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}
"""What ModifyDBInstance changes."""

_PLACED = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "availabilityZone": "AvailabilityZone",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "deletionProtection": "DeletionProtection",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "multiAz": "MultiAZ",
    "networkType": "NetworkType",
    "optionGroupName": "OptionGroupName",
    "parameterGroupName": "DBParameterGroupName",
    "port": "Port",
    "publiclyAccessible": "PubliclyAccessible",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}
_WATCHED = {
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
}
RESTORED = _PLACED | {"engine": "Engine", "licenseModel": "LicenseModel"}
"""What a restore takes; the rest is modified afterwards."""
REPLICATED = _PLACED | _WATCHED | {"kmsKeyId": "KmsKeyId"}
"""What CreateDBInstanceReadReplica takes."""
CREATED = {
    **_PLACED,
    **_WATCHED,
    "allocatedStorage": "AllocatedStorage",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "dbName": "DBName",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "password": "MasterUserPassword",
    "storageEncrypted": "StorageEncrypted",
    "username": "MasterUsername",
}
"""What CreateDBInstance takes."""
POINT_IN_TIME = {
    "restoreTime": "RestoreTime",
    "sourceDbInstanceAutomatedBackupsArn": "SourceDBInstanceAutomatedBackupsArn",
    "sourceDbInstanceIdentifier": "SourceDBInstanceIdentifier",
    "sourceDbiResourceId": "SourceDbiResourceId",
    "useLatestRestorableTime": "UseLatestRestorableTime",
}

ANSWERED = {
    "allocatedStorage": "AllocatedStorage",
    "arn": "DBInstanceArn",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "availabilityZone": "AvailabilityZone",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "dbName": "DBName",
    "deletionProtection": "DeletionProtection",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "id": "DbiResourceId",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "networkType": "NetworkType",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "publiclyAccessible": "PubliclyAccessible",
    "replicas": "ReadReplicaDBInstanceIdentifiers",
    "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
    "resourceId": "DbiResourceId",
    "status": "DBInstanceStatus",
    "storageEncrypted": "StorageEncrypted",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "username": "MasterUsername",
}
"""What DescribeDBInstances answers, as it stands there."""
