"""The rollback agent in the cluster: what it runs as, what it may do, who may talk to it.

It may read what it judges by, patch the one public route, scale the colors' own Deployments, and
write its notes; nothing else, and nothing outside its namespace.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pulumi
from pydantic.alias_generators import to_camel

from components import pods
from components.environment import checksum
from components.kube import KubeObject, name_of
from components.notifications import notification_facts
from components.rollback_agent_rights import rules
from components.settings import NotificationsSettings, Settings
from ops import agent, notify
from ops.agent import NAME, PORT, SETTINGS_KEY, SETTINGS_PATH, TOKEN_VARIABLE
from ops.body import Body
from ops.names import DOMAIN

API_SERVER_PORTS: Final = (443, 6443)
"""NetworkPolicies are asked before or after the Service's port was replaced, which is not said."""
ROLLOUT_SECONDS: Final = 300
RESOURCES: Final = {
    "requests": {"cpu": "50m", "memory": "96Mi"},
    "limits": {"memory": "256Mi"},
}
_LABELS: Final = {
    "app": NAME,
    "app.kubernetes.io/name": NAME,
    "app.kubernetes.io/part-of": "legal-ai",
}
_SELECTOR: Final = {"matchLabels": {"app": NAME}}


@dataclass
class RollbackAgentArgs:
    """The stack and its settings, where the agent is enabled."""

    stack: str
    settings: Settings
    namespace: pulumi.Input[str]


class RollbackAgent(pulumi.ComponentResource):
    """The agent. `webhook_url` is where Alertmanager posts to, there once the Service is."""

    webhook_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: RollbackAgentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:rollback_agent:RollbackAgent", name, None, opts)
        self._name, self._args = name, args
        service = self._declare("v1", "Service", _service())
        by_name = args.settings.alerts.delivery != "files"
        self.webhook_url = _host(service, args.settings.namespace, by_name=by_name).apply(
            lambda host: f"http://{host}:{PORT}/webhook"
        )
        account = self._declare("v1", "ServiceAccount", {"automountServiceAccountToken": False})
        role = self._declare(
            "rbac.authorization.k8s.io/v1", "Role", {"rules": rules(args.settings)}
        )
        binding = self._declare(
            "rbac.authorization.k8s.io/v1", "RoleBinding", _binding(args.settings.namespace)
        )
        self._declare("policy/v1", "PodDisruptionBudget", {"spec": _budget()})
        self._declare("networking.k8s.io/v1", "NetworkPolicy", {"spec": _policy(args.settings)})
        self._deployment(needs=[account, role, binding])
        self.register_outputs({"webhookUrl": self.webhook_url})

    def _deployment(self, needs: list[pulumi.Resource]) -> None:
        facts, secrets = _settings(self._args).to_json(), _secrets(self._args.settings)
        config = self._declare("v1", "ConfigMap", {"data": {SETTINGS_KEY: facts}})
        secret = self._declare(
            "v1", "Secret", {"type": "Opaque", "stringData": pulumi.Output.secret(secrets)}
        )
        checksums = {
            f"{DOMAIN}/config-checksum": checksum({SETTINGS_KEY: facts}),
            f"{DOMAIN}/secret-checksum": checksum(secrets),
        }
        spec = _spec(self._args.settings, checksums, name_of(config, NAME), name_of(secret, NAME))
        notes = {"pulumi.com/timeoutSeconds": str(ROLLOUT_SECONDS)}
        self._declare("apps/v1", "Deployment", {"spec": spec}, notes, needs)

    def _declare(
        self,
        version: str,
        kind: str,
        body: Body,
        notes: dict[str, str] | None = None,
        needs: list[pulumi.Resource] | None = None,
    ) -> KubeObject:
        metadata: Body = {"name": NAME, "namespace": self._args.namespace, "labels": _LABELS}
        # Its endpoints are Alertmanager's business; waiting for them costs 10 s and tells nothing.
        notes = {"pulumi.com/skipAwait": "true"} if kind == "Service" else notes
        return KubeObject(
            f"{self._name}-{kind.lower()}",
            {
                "apiVersion": version,
                "kind": kind,
                "metadata": metadata | ({"annotations": notes} if notes else {}),
                **body,
            },
            pulumi.ResourceOptions(parent=self, depends_on=needs),
        )


def _settings(args: RollbackAgentArgs) -> agent.AgentSettings:
    settings, web = args.settings, args.settings.web_services()
    return agent.AgentSettings(
        stack=args.stack,
        namespace=settings.namespace,
        router=settings.router,
        services={name: service.port for name, service in web.items()},
        public_url=settings.hosts.url(settings.hosts.public),
        prometheus_url=settings.alerts.prometheus_url,
        alertmanager_url=settings.alerts.alertmanager_url,
        runbook_url=settings.alerts.runbook_url,
        window_minutes=settings.alerts.rollback.window_minutes,
        ready_seconds=max(service.rollout_timeout_seconds for service in web.values()),
        notifications=notification_facts(args.stack, settings),
    )


def _secrets(settings: Settings) -> dict[str, str]:
    """The environment of secrets, in clear; what is not set is not there."""
    token, told = settings.agent.token, notification_facts("", settings).revealed()
    values = {variable: told.get(to_camel(name), "") for variable, name in notify.SECRETS.items()}
    values[TOKEN_VARIABLE] = token.get_secret_value() if token else ""
    return {variable: value for variable, value in sorted(values.items()) if value}


def _service() -> Body:
    port = {"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP"}
    return {"spec": {"selector": {"app": NAME}, "ports": [port]}}


def _host(service: KubeObject, namespace: str, *, by_name: bool) -> pulumi.Output[str]:
    """The Service's name for who looks names up in the cluster, else its address there."""
    name = f"{NAME}.{namespace}.svc"
    if by_name:
        return service.metadata.apply(lambda _: name)
    return service.spec.apply(lambda spec: str((spec or {}).get("clusterIP") or name))


def _binding(namespace: str) -> Body:
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
    }


def _budget() -> Body:
    return {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": _SELECTOR,
    }


def _policy(settings: Settings) -> Body:
    """In: Alertmanager and Prometheus. Out: the API server, both of them, and who is told."""
    alerts = settings.alerts
    monitoring = {"kubernetes.io/metadata.name": alerts.namespace}
    peers: list[Body] = [
        {"namespaceSelector": {"matchLabels": monitoring}},
        *({"ipBlock": {"cidr": cidr}} for cidr in alerts.cidrs),
    ]
    urls = (alerts.prometheus_url, alerts.alertmanager_url)
    ports = {*API_SERVER_PORTS, *map(_port, urls), *_told_ports(settings.notifications)}
    return {
        "podSelector": _SELECTOR,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": peers, "ports": [{"port": PORT, "protocol": "TCP"}]}],
        "egress": [{"ports": [{"port": port, "protocol": "TCP"} for port in sorted(ports)]}],
    }


def _told_ports(told: NotificationsSettings) -> set[int]:
    secret = (told.slack_webhook, told.webhook)
    urls = [
        told.pager_duty_url,
        told.status_page,
        *(each and each.get_secret_value() for each in secret),
    ]
    ports = {_port(url) for url in urls if url}
    return ports | ({told.email.port} if told.email else set())


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _spec(
    settings: Settings,
    checksums: dict[str, str],
    config: pulumi.Output[str],
    secret: pulumi.Output[str],
) -> Body:
    folder = SETTINGS_PATH.removesuffix(f"/{SETTINGS_KEY}")
    scrape = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT)}
    container: Body = {
        "name": NAME,
        "image": settings.agent.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "envFrom": [{"secretRef": {"name": secret}}],
        "resources": RESOURCES,
        "readinessProbe": _probe(period=2, failures=2),
        "livenessProbe": _probe(period=10, failures=6),
        "volumeMounts": [{"name": "settings", "mountPath": folder, "readOnly": True}],
    }
    return {
        "replicas": settings.agent.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": ROLLOUT_SECONDS,
        "selector": _SELECTOR,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "template": {
            "metadata": {"labels": _LABELS, "annotations": checksums | scrape},
            "spec": pods.pod(
                container,
                [{"name": "settings", "configMap": {"name": config}}],
                serviceAccountName=NAME,
                automountServiceAccountToken=True,
                terminationGracePeriodSeconds=30,
                topologySpreadConstraints=pods.spread(_SELECTOR),
            ),
        },
    }


def _probe(period: int, failures: int) -> Body:
    return {
        "httpGet": {"path": "/healthz", "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
