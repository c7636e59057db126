"""Topics of SNS and their policies."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from local.plugins.aws.errors import code_of, unless_gone
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
from local.plugins.values import Properties, Value

NOT_FOUND = ("NotFound", "NotFoundException")
_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}


class Topic(Resource):
    """Where notifications go. Its policy is a TopicPolicy; FIFO topics are not done."""

    title = "SNS topic"
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "beginningArchiveTime": output(),
        "contentBasedDeduplication": output(flag()),
        "deliveryPolicy": document(),
        "displayName": text(),
        "fifoTopic": output(flag()),
        "kmsMasterKeyId": text(),
        "name": name(autoname=Autoname(length=80)),
        "owner": output(),
        "policy": output(document(), steady=True),
        "signatureVersion": integer(computed=True, rule=between(1, 2)),
        "tracingConfig": text(computed=True),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make it; SNS answers with the ARN of one that is there with the same tags."""
        made = aws.sns.create_topic(Name=wanted["name"], Tags=tag_list(wanted.get("tagsAll")))
        return made["TopicArn"]

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The topic's attributes and tags."""
        found = attributes(aws, known.id)
        if found is None:
            return None
        own = {"arn": "TopicArn", "owner": "Owner", "policy": "Policy"}
        live = answered(found, own | _ATTRIBUTES)
        if live.get("signatureVersion"):
            live["signatureVersion"] = int(live["signatureVersion"])
        live["name"] = known.id.rpartition(":")[2]
        live["fifoTopic"] = found.get("FifoTopic") == "true"
        live["contentBasedDeduplication"] = found.get("ContentBasedDeduplication") == "true"
        tags = aws.sns.list_tags_for_resource(ResourceArn=known.id)
        live["tagsAll"] = tag_map(tags.get("Tags"))
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Set the attributes that differ."""
        for here, there in _ATTRIBUTES.items():
            if update.any(here):
                _set(aws, update.id, there, update.new.get(here))
        if update.any("tagsAll"):
            changed, removed = retagged(update)
            if removed:
                aws.sns.untag_resource(ResourceArn=update.id, TagKeys=removed)
            if changed:
                aws.sns.tag_resource(ResourceArn=update.id, Tags=changed)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it with its subscriptions."""
        with unless_gone(*NOT_FOUND):
            aws.sns.delete_topic(TopicArn=known.id)


class TopicPolicy(Resource):
    """Who may do what with a topic."""

    title = "policy of an SNS topic"
    properties: ClassVar[Fields] = {
        "arn": text(required=True, replaces=True),
        "owner": output(),
        "policy": document(required=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Put it in the place of the topic's own."""
        _set(aws, wanted["arn"], "Policy", wanted["policy"])
        return str(wanted["arn"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The topic's policy."""
        found = attributes(aws, known.id)
        if not found or not found.get("Policy"):
            return None
        return answered(found, {"arn": "TopicArn", "owner": "Owner", "policy": "Policy"})

    def update(self, aws: Region, update: Update) -> None:
        """Put another."""
        _set(aws, update.id, "Policy", update.new["policy"])

    def delete(self, aws: Region, known: Known) -> None:
        """Put back the one that every new topic has: a topic can't be without."""
        with unless_gone(*NOT_FOUND):
            _set(aws, known.id, "Policy", default_policy(known.id, str(known.state.get("owner"))))


def attributes(aws: Region, topic: str) -> dict[str, str] | None:
    """The attributes of a topic, None when there is no such topic."""
    try:
        return aws.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    except Exception as error:
        if code_of(error) in NOT_FOUND:
            return None
        raise


def default_policy(topic: str, owner: str) -> str:
    """The policy that AWS gives a new topic."""
    actions: list[Any] = [
        f"SNS:{action}"
        for action in (
            "GetTopicAttributes",
            "SetTopicAttributes",
            "AddPermission",
            "RemovePermission",
            "DeleteTopic",
            "Subscribe",
            "ListSubscriptionsByTopic",
            "Publish",
        )
    ]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    return json.dumps(
        {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    )


def _set(aws: Region, topic: str, attribute: str, value: Value) -> None:
    text = "" if value is None else str(value)
    aws.sns.set_topic_attributes(TopicArn=topic, AttributeName=attribute, AttributeValue=text)
