"""Who is told of which alert: the one source of both of Alertmanager's configurations.

Every alert goes to people; those that ask for a rollback go to the agent first. No time interval,
no grouping and no inhibition may come between an alert of that kind and the agent.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ops.alerts.names import ROLLBACK, ROLLBACK_ALERTS, Alert

AGENT: Final = "rollback-agent"
EVERYBODY: Final = "people"
ON_CALL: Final = "on-call"

_TITLE: Final = "[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }} {{ .CommonLabels.stack }}"
_TEXT: Final = (
    "{{ range .Alerts }}{{ .Annotations.summary }}. {{ .Annotations.description }} "
    "{{ .Annotations.runbook_url }}\n{{ end }}"
)


@dataclass(frozen=True)
class Hidden:
    """A secret: `key` in the agent's Secret in the cluster, `value` in clear, never shown."""

    key: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Email:
    """A mail server (`host:port`) and who writes to whom; without `user` nobody logs in."""

    smarthost: str
    sender: str
    to: str
    user: str = ""
    password: Hidden | None = None


@dataclass(frozen=True)
class Contacts:
    """The agent, and the people of a stack; None: nobody is reached that way."""

    webhook_url: str
    token: Hidden
    group_wait_seconds: float
    slack: Hidden | None = None
    pager_duty: Hidden | None = None
    pager_duty_url: str = ""
    webhook: Hidden | None = None
    email: Email | None = None


@dataclass(frozen=True)
class Matcher:
    """A label, and the value or (anchored) regular expression it has to have."""

    name: str
    kind: Literal["=", "=~"]
    value: str


@dataclass(frozen=True)
class Integration:
    """One way of telling, by Alertmanager's own names; secrets stand as `Hidden`."""

    kind: Literal["webhook", "slack", "pagerduty", "email"]
    fields: dict[str, Any]


@dataclass(frozen=True)
class Receiver:
    """A name, and all ways it is told by."""

    name: str
    integrations: tuple[Integration, ...]


@dataclass(frozen=True)
class Route:
    """Which alerts go to a receiver; a child's times are its parent's where it has none."""

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    times: dict[str, str] = field(default_factory=dict)
    routes: tuple["Route", ...] = ()


@dataclass(frozen=True)
class Inhibition:
    """While the source fires, the target is not told: it says the same, or follows from it."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


GROUPED_BY: Final = ("alertname", "namespace", "color")
"""Alerts of one color that ask for a rollback never wait for those of another."""


def route(contacts: Contacts) -> Route:
    """The root: everything to the people, but not before the agent was told."""
    agent_times = {
        "group_wait": f"{contacts.group_wait_seconds:g}s",
        # Told again until it is over: the agent may have been away, and takes it once.
        "group_interval": "15s",
        "repeat_interval": "1m",
    }
    return Route(
        EVERYBODY,
        times={"group_wait": "10s", "group_interval": "1m", "repeat_interval": "4h"},
        routes=(
            Route(AGENT, (Matcher("action", "=", ROLLBACK),), goes_on=True, times=agent_times),
            Route(ON_CALL, (Matcher("severity", "=", "critical"),)),
        ),
    )


def receivers(contacts: Contacts) -> tuple[Receiver, ...]:
    """The agent, the people, and the people whose phone rings."""
    people = tuple(_people(contacts))
    return (
        Receiver(AGENT, (_agent(contacts),)),
        Receiver(EVERYBODY, people),
        Receiver(ON_CALL, (*people, *_phones(contacts))),
    )


def inhibitions() -> tuple[Inhibition, ...]:
    """None of the targets asks for a rollback."""
    rollback = Matcher("alertname", "=~", "|".join(sorted(ROLLBACK_ALERTS)))
    said = Matcher("alertname", "=~", f"{Alert.HIGH_ERROR_RATE}|{Alert.HIGH_LATENCY}")
    down = Matcher("alertname", "=", Alert.AGENT_DOWN)
    follows = Matcher("alertname", "=~", f"{Alert.WEIGHTS_UNKNOWN}|{Alert.AGENT_REPLICA_MISSING}")
    return (
        Inhibition((rollback,), (said,), ("namespace", "color")),
        Inhibition((down,), (follows,), ("namespace",)),
    )


def _agent(contacts: Contacts) -> Integration:
    authorization = {"type": "Bearer", "credentials": contacts.token}
    return Integration(
        "webhook",
        {
            "url": contacts.webhook_url,
            "send_resolved": True,
            "http_config": {"authorization": authorization, "follow_redirects": False},
        },
    )


def _people(contacts: Contacts) -> list[Integration]:
    ways = []
    if contacts.slack:
        ways.append(
            Integration(
                "slack",
                {"api_url": contacts.slack, "send_resolved": True, "title": _TITLE, "text": _TEXT},
            )
        )
    if contacts.webhook:
        ways.append(Integration("webhook", {"url": contacts.webhook, "send_resolved": True}))
    if contacts.email:
        ways.append(Integration("email", _email(contacts.email)))
    return ways


def _email(email: Email) -> dict[str, Any]:
    login = {"auth_username": email.user, "auth_password": email.password} if email.user else {}
    return {
        "to": email.to,
        "from": email.sender,
        "smarthost": email.smarthost,
        # On port 465 the connection is encrypted before anything is said; elsewhere STARTTLS.
        "require_tls": not email.smarthost.endswith(":465"),
        "send_resolved": True,
        **login,
    }


def _phones(contacts: Contacts) -> list[Integration]:
    if not contacts.pager_duty:
        return []
    return [
        Integration(
            "pagerduty",
            {
                "routing_key": contacts.pager_duty,
                "url": contacts.pager_duty_url,
                "severity": "critical",
                "description": "{{ .CommonLabels.alertname }}: {{ .CommonAnnotations.summary }}",
                "send_resolved": True,
            },
        )
    ]
