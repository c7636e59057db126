"""The Legal AI System: two colors, the route between them, and what they stand on."""

import pulumi

from components import gate_plan
from components.alert_rules import AlertRules, AlertRulesArgs
from components.background import Background, BackgroundArgs
from components.backups import Backups, BackupsArgs
from components.color_stack import ColorStack, ColorStackArgs
from components.dashboards import Dashboards, DashboardsArgs
from components.database import Database, DatabaseArgs
from components.gate_hooks import GateHooks
from components.held_color import HeldColor, HeldColorArgs
from components.namespace import Namespace, NamespaceArgs
from components.operations import described, operations
from components.rollback_agent import RollbackAgent, RollbackAgentArgs
from components.settings import load_from_pulumi
from components.staying import stay_for_hooks
from components.traffic import Traffic, TrafficArgs
from ops.gate import Gate

stay_for_hooks()
settings = load_from_pulumi()
pulumi.log.info(settings.traffic_sentence())

gate = GateHooks(Gate(gate_plan.connect(settings), gate_plan.plan(settings), pulumi.log.warn))

namespace = Namespace(
    "namespace",
    NamespaceArgs(
        name=settings.namespace,
        service_ports=tuple(service.port for service in settings.web_services().values()),
        store_ports=settings.store_ports(),
        gateway_namespace=settings.gateway.namespace,
        gateway_cidrs=settings.gateway.cidrs,
        monitoring_namespace=settings.alerts.namespace,
        monitoring_cidrs=settings.alerts.cidrs,
        pods=settings.pod_limit(),
    ),
)

database = Database("database", DatabaseArgs(pulumi.get_stack(), settings))

backups = (
    Backups(
        "backups",
        BackupsArgs(
            stack=pulumi.get_stack(),
            settings=settings.backups,
            key=database.key,
            arns=database.arns,
            is_local=settings.environment == "local",
        ),
    )
    if database.key
    else None
)

colors = {
    color: ColorStack(
        str(color),
        ColorStackArgs(
            settings, color, namespace.name, database.url, gate.workload, gate.migration
        ),
    )
    for color in settings.declared_colors()
}

if settings.gate.admission_policy:
    HeldColor("held-color", HeldColorArgs(settings.namespace))

agent = (
    RollbackAgent(
        "rollback-agent",
        RollbackAgentArgs(pulumi.get_stack(), settings, namespace.name),
    )
    if settings.agent.enabled
    else None
)

if agent and settings.alerts.delivery != "none":
    AlertRules(
        "alert-rules",
        AlertRulesArgs(pulumi.get_stack(), settings, namespace.name, agent.webhook_url),
    )

traffic = Traffic(
    "traffic",
    TrafficArgs(
        router=settings.router,
        site=gate_plan.site(settings),
        split=gate_plan.split(settings),
        colors=colors,
        namespace=namespace.name,
        gate=gate,
    ),
)

Background(
    "background",
    BackgroundArgs(settings, colors, namespace.name, traffic.verified, gate.background),
)

if settings.alerts.delivery != "none":
    Dashboards("dashboards", DashboardsArgs(pulumi.get_stack(), settings, namespace.name))

for output, value in described(settings).items():
    pulumi.export(output, value)
pulumi.export("operations", operations(settings, database, backups))
pulumi.export("trafficVerified", traffic.settled)
