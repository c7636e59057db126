"""Telling people what happened: Slack, the status page, PagerDuty, a webhook, mail.

A message that can't be delivered never fails who sends it: it is said, and given back.
"""

from ops.notify.model import (
    SECRETS,
    EmailFacts,
    Event,
    Failure,
    Kind,
    NotificationFacts,
    Public,
    Severity,
)
from ops.notify.notifier import Notifier, reaching

__all__ = [
    "SECRETS",
    "EmailFacts",
    "Event",
    "Failure",
    "Kind",
    "NotificationFacts",
    "Notifier",
    "Public",
    "Severity",
    "reaching",
]
