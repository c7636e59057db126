"""Alarms of CloudWatch on a metric."""

from __future__ import annotations

from typing import Any, ClassVar

from local.plugins.aws.errors import AwsError, unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Fields,
    at_least,
    flag,
    integer,
    mapping,
    name,
    number,
    one_of,
    set_of,
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

_NAMES = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
TAKEN = "AlarmAlreadyExists"


class MetricAlarm(Resource):
    """An alarm on one metric. Metric math and anomaly detection are not done."""

    title = "CloudWatch alarm"
    schema_version = 1
    taken = (TAKEN,)
    properties: ClassVar[Fields] = {
        "actionsEnabled": flag(default=True),
        "alarmActions": set_of(text()),
        "alarmDescription": text(),
        "arn": ARN,
        "comparisonOperator": text(
            required=True,
            rule=one_of(
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanThreshold",
                "LessThanOrEqualToThreshold",
            ),
        ),
        "datapointsToAlarm": integer(rule=at_least(1)),
        "dimensions": mapping(),
        "evaluateLowSampleCountPercentiles": text(computed=True),
        "evaluationPeriods": integer(required=True, rule=at_least(1)),
        "extendedStatistic": text(),
        "insufficientDataActions": set_of(text()),
        "metricName": text(required=True),
        "name": name(),
        "namespace": text(),
        "okActions": set_of(text()),
        "period": integer(),
        "statistic": text(
            rule=one_of("Average", "Maximum", "Minimum", "SampleCount", "Sum"),
        ),
        "threshold": number(),
        "treatMissingData": text(
            default="missing", rule=one_of("breaching", "notBreaching", "ignore", "missing")
        ),
        "unit": text(),
        **TAGS,
    }

    def problems(self, wanted: Properties) -> list[tuple[str, str]]:
        """An alarm watches one statistic."""
        if (wanted.get("statistic") is None) == (wanted.get("extendedStatistic") is None):
            return [("statistic", "either this or extendedStatistic is needed, not both")]
        return []

    def create(self, aws: Region, wanted: Plain) -> str:
        """Put it, unless one of that name is there: putting would change that."""
        if _described(aws, wanted["name"]) is not None:
            raise AwsError(f"CloudWatch alarm {wanted['name']} is there already", TAKEN)
        _put(aws, wanted["name"], wanted, Tags=tag_list(wanted.get("tagsAll")))
        return str(wanted["name"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The alarm with its tags."""
        found = _described(aws, known.id)
        if found is None:
            return None
        live = answered(found, {"arn": "AlarmArn", "name": "AlarmName", **_NAMES})
        live["dimensions"] = {entry["Name"]: entry["Value"] for entry in found["Dimensions"]}
        live.setdefault("treatMissingData", "missing")
        tags = aws.cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])
        live["tagsAll"] = tag_map(tags["Tags"])
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Put it as a whole; tags apart."""
        if update.changed - {"tags", "tagsAll"}:
            _put(aws, update.id, update.new)
        if update.any("tagsAll"):
            changed, removed = retagged(update)
            arn = update.old["arn"]
            if removed:
                aws.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=removed)
            if changed:
                aws.cloudwatch.tag_resource(ResourceARN=arn, Tags=changed)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it."""
        with unless_gone("ResourceNotFound", "ResourceNotFoundException"):
            aws.cloudwatch.delete_alarms(AlarmNames=[known.id])


def _put(aws: Region, alarm: str, wanted: Plain, **more: Any) -> None:
    options: dict[str, Any] = chosen(wanted, _NAMES) | more
    dimensions = wanted.get("dimensions") or {}
    options["Dimensions"] = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    aws.cloudwatch.put_metric_alarm(AlarmName=alarm, **options)


def _described(aws: Region, alarm: str) -> Any:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm"])
    return next(iter(found["MetricAlarms"]), None)
