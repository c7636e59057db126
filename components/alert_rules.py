"""What Prometheus watches in this stack, and whom Alertmanager tells: for the operator or as files.

Both come from the same rules and the same routes (`ops/alerts`).
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import yaml

from components import alert_plan
from components.kube import KubeObject
from components.settings import Settings
from ops import agent
from ops.alerts import alertmanager, alertmanager_config, rules
from ops.body import Body
from ops.names import DOMAIN

MONITORING: Final = f"{DOMAIN}/monitoring"
"""Label of what is to be loaded where no operator is: `rules` or `alertmanager`."""
RULES: Final = "alert-rules"
RULES_KEY: Final = "rules.yaml"
CONFIGURATION: Final = "alertmanager-config"
CONFIGURATION_KEY: Final = "alertmanager.yaml"
OPERATOR: Final = "monitoring.coreos.com/v1"
NAME: Final = "legal-ai"
"""Of the operator's objects."""


@dataclass
class AlertRulesArgs:
    """The stack and its settings, where alerts are delivered, and the agent's address."""

    stack: str
    settings: Settings
    namespace: pulumi.Input[str]
    webhook_url: pulumi.Output[str]


class AlertRules(pulumi.ComponentResource):
    """The rules, and Alertmanager's configuration."""

    def __init__(
        self, name: str, args: AlertRulesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:alert_rules:AlertRules", name, None, opts)
        self._args = args
        objects = self._operator() if args.settings.alerts.delivery == "operator" else self._files()
        for body in objects:
            KubeObject(
                f"{name}-{str(body['kind']).lower()}", body, pulumi.ResourceOptions(parent=self)
            )
        self.register_outputs({"delivery": args.settings.alerts.delivery})

    def _operator(self) -> list[Body]:
        settings = self._args.settings
        labels = dict(settings.alerts.labels)
        scraped = {
            "selector": {"matchLabels": {"app": agent.NAME}},
            "podMetricsEndpoints": [
                {
                    "port": "http",
                    "path": "/metrics",
                    "interval": f"{settings.alerts.scrape_seconds}s",
                }
            ],
        }
        told = self._args.webhook_url.apply(
            lambda url: alertmanager_config.spec(alert_plan.contacts(settings, url), agent.NAME)
        )
        return [
            self._body(OPERATOR, "PrometheusRule", NAME, labels) | {"spec": self._rules()},
            self._body(OPERATOR, "PodMonitor", agent.NAME, labels) | {"spec": scraped},
            self._body(alertmanager_config.API_VERSION, "AlertmanagerConfig", NAME, labels)
            | {"spec": told},
        ]

    def _files(self) -> list[Body]:
        settings = self._args.settings
        told = self._args.webhook_url.apply(
            lambda url: _yaml(alertmanager.document(alert_plan.contacts(settings, url)))
        )
        return [
            self._body("v1", "ConfigMap", RULES, {MONITORING: "rules"})
            | {"data": {RULES_KEY: _yaml(self._rules())}},
            self._body("v1", "Secret", CONFIGURATION, {MONITORING: "alertmanager"})
            | {
                "type": "Opaque",
                "stringData": pulumi.Output.secret({CONFIGURATION_KEY: told}),
            },
        ]

    def _rules(self) -> Body:
        return rules.document(alert_plan.watched(self._args.stack, self._args.settings))

    def _body(self, version: str, kind: str, name: str, labels: dict[str, str]) -> Body:
        metadata: Body = {"name": name, "namespace": self._args.namespace}
        # An empty map would be a difference at every preview.
        if labels:
            metadata["labels"] = labels
        return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _yaml(document: Body) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)
