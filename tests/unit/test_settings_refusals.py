"""Every refusal names the key as people type it, the value, what is allowed, and the command.

Each row is one mistake in a sound configuration and has to give one problem, so that a reader is
never told of consequences as if they were mistakes of their own.
"""

from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest

from tests.unit.configs import (
    AGENT_TOKEN,
    DATABASE_URL,
    ENCRYPTED,
    GONE,
    JWT_SECRET,
    PLACE,
    REDIS_URL,
    SMOKE_PASSWORD,
    loaded,
    refused,
)

SET = "pulumi config set legal-ai:"
SET_PATH = "pulumi config set --path legal-ai:"
SECRET = "pulumi config set --secret --path legal-ai:"
REMOVE = "pulumi config rm legal-ai:"
REMOVE_PATH = "pulumi config rm --path legal-ai:"
WEB = {"image": "search", "paths": ["/search"]}


@dataclass
class Mistake:
    """A change, and what the one problem it makes has to say."""

    change: dict[str, Any]
    key: str
    says: tuple[str, ...]
    fix: str
    how: dict[str, Any] = field(default_factory=dict)


PRODUCTION = {"stack": "production"}
EMAIL = {"server": "smtp.test", "sender": "deploy@legal-ai.test", "to": ["boss@legal-ai.test"]}
RDS = {"database.kind": "rds", "database.url": GONE}

MISTAKES = {
    # Who serves.
    "an unknown color": Mistake(
        {"activeColor": "red"},
        "activeColor",
        ('is "red"', "blue or green"),
        f"{SET}activeColor blue",
    ),
    "a color in capitals": Mistake(
        {"activeColor": "GREEN"}, "activeColor", ('is "GREEN"',), f"{SET}activeColor blue"
    ),
    "a weight above 100": Mistake(
        {"canaryWeight": "150"},
        "canaryWeight",
        ('is "150"', "a whole number from 0 to 100"),
        f"{SET}canaryWeight 10",
    ),
    "a weight below 0": Mistake(
        {"canaryWeight": "-1"}, "canaryWeight", ('is "-1"', "0 to 100"), f"{SET}canaryWeight 10"
    ),
    "a weight with a fraction": Mistake(
        {"canaryWeight": "12.5"},
        "canaryWeight",
        ('is "12.5"', "no whole number"),
        f"{SET}canaryWeight 10",
    ),
    "a weight with a percent sign": Mistake(
        {"canaryWeight": "10%"}, "canaryWeight", ('is "10%"',), f"{SET}canaryWeight 10"
    ),
    "a weight that is a truth value": Mistake(
        {"canaryWeight": True}, "canaryWeight", ("is ",), f"{SET}canaryWeight 10"
    ),
    "a negative serial": Mistake({"serial": "-1"}, "serial", ('is "-1"',), f"{SET}serial 0"),
    "an active color without a version": Mistake(
        {"activeColor": "green", "green": {}},
        "activeColor",
        ('is "green"', "legal-ai:green.version is not set", "at least 1 replica"),
        f"{SET_PATH}green.version v1.2.0, or let blue serve: {SET}activeColor blue",
    ),
    "an active color at zero": Mistake(
        {"activeColor": "green", "green.replicas": 0},
        "activeColor",
        ("legal-ai:green.replicas is 0",),
        f"{SET_PATH}green.replicas 3, or let blue serve: {SET}activeColor blue",
    ),
    "an active color with one web service at zero": Mistake(
        {"blue.replicas": {"backend": 2, "frontend": 0}, "green": {}},
        "activeColor",
        ('is "blue"', "legal-ai:blue.replicas.frontend is 0"),
        f"{SET_PATH}blue.replicas.frontend 3",
    ),
    "a canary with nothing in standby": Mistake(
        {"canaryWeight": "10", "green": {}},
        "canaryWeight",
        ("is 10 for green", "legal-ai:green.version is not set", "0 while nothing is in standby"),
        f"{SET}canaryWeight 0, or deploy it: {SET_PATH}green.version v1.2.0",
    ),
    "a canary at zero": Mistake(
        {"canaryWeight": "10", "green.replicas": 0},
        "canaryWeight",
        ("legal-ai:green.replicas is 0",),
        f"{SET}canaryWeight 0",
    ),
    # Colors.
    "a version that is a truth value": Mistake(
        {"green.version": True},
        "green.version",
        ("is true", "an image tag"),
        "pulumi config set --path --type string legal-ai:green.version true",
    ),
    "a version with a fraction": Mistake(
        {"green.version": 1.2},
        "green.version",
        ("is 1.2", "what was typed is lost"),
        "pulumi config set --path --type string legal-ai:green.version 1.2",
    ),
    "a version that is no tag": Mistake(
        {"green.version": "v1 2"},
        "green.version",
        ('is "v1 2"',),
        f"{SET_PATH}green.version v1.2.0",
    ),
    "a version that begins with a dot": Mistake(
        {"green.version": ".1"}, "green.version", ('is ".1"',), f"{SET_PATH}green.version v1.2.0"
    ),
    "a version of 129 characters": Mistake(
        {"green.version": "v" * 129},
        "green.version",
        ("vvv", "128 at most"),
        f"{SET_PATH}green.version v1.2.0",
    ),
    "a digest that is too short": Mistake(
        {"green.version": "sha256:abc"},
        "green.version",
        ('is "sha256:abc"', "64 digits"),
        f"{SET_PATH}green.version v1.2.0",
    ),
    "a version without replicas": Mistake(
        {"green": {"version": "v1.1.0"}},
        "green.replicas",
        ("is missing", 'legal-ai:green.version is "v1.1.0"', "a whole number from 0"),
        f"{SET_PATH}green.replicas 3",
    ),
    "replicas below zero": Mistake(
        {"green.replicas": -1}, "green.replicas", ("is -1",), f"{SET_PATH}green.replicas 3"
    ),
    "replicas of a service below zero": Mistake(
        {"green.replicas": {"backend": "x", "frontend": 1}},
        "green.replicas.backend",
        ('is "x"',),
        f"{SET_PATH}green.replicas.backend 3",
    ),
    "replicas of an unknown service": Mistake(
        {"green.replicas": {"backend": 1, "frontend": 1, "bakend": 1}},
        "green.replicas.bakend",
        ("did you mean backend?", "backend, frontend"),
        f"{REMOVE_PATH}green.replicas.bakend",
    ),
    "replicas that leave a service out": Mistake(
        {"green.replicas": {"backend": 1}},
        "green.replicas.frontend",
        ("is missing",),
        f"{SET_PATH}green.replicas.frontend 3",
    ),
    # Names that are not known.
    "an unknown key": Mistake(
        {"canaryWieght": "10"},
        "canaryWieght",
        ("is not a key", "did you mean legal-ai:canaryWeight?", "activeColor, agent, alerts"),
        f"{REMOVE}canaryWieght && {SET}canaryWeight 10",
    ),
    "an unknown key like nothing known": Mistake(
        {"zzz": "10"}, "zzz", ("is not a key", "activeColor, agent, alerts"), f"{REMOVE}zzz"
    ),
    "a key in snake case": Mistake(
        {"active_color": "green"},
        "active_color",
        ("did you mean legal-ai:activeColor?",),
        f"{REMOVE}active_color && {SET}activeColor blue",
    ),
    "an unknown object": Mistake(
        {"gren": {"version": "v1"}},
        "gren",
        ("did you mean legal-ai:green?",),
        f"{REMOVE}gren && {SET_PATH}green.version v1.2.0",
    ),
    "an unknown key in an object": Mistake(
        {"green.replica": 3},
        "green.replica",
        ("did you mean legal-ai:green.replicas?", "replicas, version"),
        f"{REMOVE_PATH}green.replica && {SET_PATH}green.replicas 3",
    ),
    "an unknown key deep down": Mistake(
        {"alerts.rollback.windowMinuts": 3},
        "alerts.rollback.windowMinuts",
        ("did you mean legal-ai:alerts.rollback.windowMinutes?",),
        f"{REMOVE_PATH}alerts.rollback.windowMinuts && {SET_PATH}alerts.rollback.windowMinutes 120",
    ),
    "a Python name in an object": Mistake(
        {"gate.timeout_seconds": 60},
        "gate.timeout_seconds",
        ("did you mean legal-ai:gate.timeoutSeconds?",),
        f"{REMOVE_PATH}gate.timeout_seconds && {SET_PATH}gate.timeoutSeconds 120",
    ),
    "an unknown key of one database kind": Mistake(
        {"database.multiAz": True},
        "database.multiAz",
        ("is not a key", "kind, maxConnections, url"),
        f"{REMOVE_PATH}database.multiAz",
    ),
    "an unknown service": Mistake(
        {"services.bakend": {"port": 8000}},
        "services.bakend",
        ("did you mean legal-ai:services.backend?", "port", "image of its own"),
        f"{REMOVE_PATH}services.bakend",
    ),
    # Shapes.
    "text where an object belongs": Mistake(
        {"green": "v1.2.0"},
        "green",
        ('is "v1.2.0"', "an object with the keys version, replicas"),
        f"{REMOVE}green && {SET_PATH}green.version v1.2.0",
    ),
    "text where a list belongs": Mistake(
        {"services.frontend.paths": "/"},
        "services.frontend.paths",
        ('is "/"', "a path that begins with '/'"),
        f"{REMOVE_PATH}services.frontend.paths && pulumi config set --path "
        "'legal-ai:services.frontend.paths[0]' /api",
    ),
    "a switch that is neither": Mistake(
        {"gate.smoke": "yes"},
        "gate.smoke",
        ('is "yes"', "true or false"),
        f"{SET_PATH}gate.smoke true",
    ),
    "a switch that is a number": Mistake(
        {"gate.smoke": 1}, "gate.smoke", ("is 1", "true or false"), f"{SET_PATH}gate.smoke true"
    ),
    # Hosts.
    "no public host": Mistake(
        {"hosts.public": GONE},
        "hosts.public",
        ("is missing", "a host name in lower case (RFC 1123)"),
        f"{SET_PATH}hosts.public legal-ai-system.com",
    ),
    "a public host with an underscore": Mistake(
        {"hosts.public": "legal_ai.test"},
        "hosts.public",
        ('is "legal_ai.test"', "RFC 1123"),
        f"{SET_PATH}hosts.public legal-ai-system.com",
    ),
    "a public host in capitals": Mistake(
        {"hosts.public": "Legal-AI.test"},
        "hosts.public",
        ("upper-case", "lower case"),
        f"{SET_PATH}hosts.public legal-ai-system.com",
    ),
    "a public host with its scheme": Mistake(
        {"hosts.public": "https://legal-ai.test"},
        "hosts.public",
        ("no scheme",),
        f"{SET_PATH}hosts.public legal-ai-system.com",
    ),
    "a public host that is an address": Mistake(
        {"hosts.public": "10.0.0.1"},
        "hosts.public",
        ('is "10.0.0.1"', "it is an address"),
        f"{SET_PATH}hosts.public legal-ai-system.com",
    ),
    "a public host of 254 characters": Mistake(
        {"hosts.public": ".".join(["a" * 50] * 5)},
        "hosts.public",
        ("1 to 253",),
        f"{SET_PATH}hosts.public legal-ai-system.com",
    ),
    "a preview host without color": Mistake(
        {"hosts.preview": "preview.legal-ai.test"},
        "hosts.preview",
        ('is "preview.legal-ai.test"', "{color}"),
        "pulumi config set --path legal-ai:hosts.preview '{color}.internal.legal-ai-system.com'",
    ),
    "a preview host that is the public one": Mistake(
        {"hosts.public": "blue.legal-ai.test"},
        "hosts.preview",
        ("for blue the same as legal-ai:hosts.public", "other than the public one"),
        "pulumi config set --path legal-ai:hosts.preview '{color}.internal.blue.legal-ai.test'",
    ),
    "a port out of range": Mistake(
        {"hosts.port": 65536},
        "hosts.port",
        ("is 65536", "1 to 65535"),
        f"{SET_PATH}hosts.port 8080",
    ),
    "an unknown scheme": Mistake(
        {"hosts.scheme": "ftp"},
        "hosts.scheme",
        ('is "ftp"', "http or https"),
        f"{SET_PATH}hosts.scheme https",
    ),
    # Services.
    "a path that two services have": Mistake(
        {"services.search": {"image": "search", "paths": ["/api/"]}},
        "services.search.paths[0]",
        ('is "/api/"', "legal-ai:services.backend.paths[0] has already"),
        "pulumi config rm --path 'legal-ai:services.search.paths[0]'",
    ),
    "a path without slash": Mistake(
        {"services.backend.paths": ["api"]},
        "services.backend.paths[0]",
        ('is "api"', "begins with '/'"),
        "pulumi config set --path 'legal-ai:services.backend.paths[0]' /api",
    ),
    "a path with a space": Mistake(
        {"services.backend.paths": ["/a b"]},
        "services.backend.paths[0]",
        ('is "/a b"', "without spaces"),
        "pulumi config set --path 'legal-ai:services.backend.paths[0]' /api",
    ),
    "nobody at /": Mistake(
        {"services.frontend.paths": ["/app"]},
        "services.frontend.paths",
        ("leaves '/' to nobody",),
        "pulumi config set --path 'legal-ai:services.frontend.paths[1]' /",
    ),
    "a web service without paths": Mistake(
        {"services.search": {"image": "search"}},
        "services.search.paths",
        ("is empty", "the service is web"),
        "pulumi config set --path 'legal-ai:services.search.paths[0]' /search",
    ),
    "a worker with paths": Mistake(
        {"services.search": {**WEB, "kind": "worker"}},
        "services.search.paths",
        ("/search", "the service is worker"),
        f"{REMOVE_PATH}services.search.paths",
    ),
    "a cron service without schedule": Mistake(
        {"services.digest": {"image": "digest", "kind": "cron"}},
        "services.digest.schedule",
        ("is missing", "five fields"),
        "pulumi config set --path legal-ai:services.digest.schedule '0 3 * * *'",
    ),
    "a schedule of four fields": Mistake(
        {"services.digest": {"image": "digest", "kind": "cron", "schedule": "0 3 * *"}},
        "services.digest.schedule",
        ('is "0 3 * *"', "five fields"),
        "pulumi config set --path legal-ai:services.digest.schedule '0 3 * * *'",
    ),
    "a schedule of a web service": Mistake(
        {"services.backend.schedule": "@daily"},
        "services.backend.schedule",
        ('is "@daily"', "the service is web"),
        f"{REMOVE_PATH}services.backend.schedule",
    ),
    "an unknown kind": Mistake(
        {"services.backend.kind": "job"},
        "services.backend.kind",
        ('is "job"', "web, worker or cron"),
        f"{SET_PATH}services.backend.kind web",
    ),
    "a service's port out of range": Mistake(
        {"services.backend.port": 0},
        "services.backend.port",
        ("is 0", "1 to 65535"),
        f"{SET_PATH}services.backend.port 8000",
    ),
    "a service's name in capitals": Mistake(
        {"services.Search": WEB},
        "services.Search",
        ("has a bad name", "lower-case letters"),
        f"{REMOVE_PATH}services.Search",
    ),
    "an image with a tag": Mistake(
        {"services.backend.image": "registry:5000/legal-ai-backend:v1"},
        "services.backend.image",
        ("registry:5000/legal-ai-backend:v1", "that is the color's version"),
        f"{SET_PATH}services.backend.image legal-ai-backend",
    ),
    "an image in capitals": Mistake(
        {"services.backend.image": "Legal/Backend"},
        "services.backend.image",
        ("Legal/Backend", "lower case"),
        f"{SET_PATH}services.backend.image legal-ai-backend",
    ),
    "a pause as long as the grace period": Mistake(
        {"services.backend.preStopSeconds": 60},
        "services.backend.preStopSeconds",
        ("is 60", "terminationGraceSeconds is 60", "below 60"),
        f"{SET_PATH}services.backend.preStopSeconds 5",
    ),
    "an amount that is none": Mistake(
        {"services.backend.resources.limits.memory": "1 gig"},
        "services.backend.resources.limits.memory",
        ('is "1 gig"', "512Mi"),
        f"{SET_PATH}services.backend.resources.limits.memory 1Gi",
    ),
    "a limit below the request": Mistake(
        {"services.backend.resources.limits.memory": "256M"},
        "services.backend.resources.limits.memory",
        ('is "256M"', "512Mi or more"),
        f"{SET_PATH}services.backend.resources.limits.memory 512Mi",
    ),
    "an unknown resource": Mistake(
        {"services.backend.resources.requests.mem": "1Gi"},
        "services.backend.resources.requests.mem",
        ("has a bad name", "cpu, memory"),
        f"{REMOVE_PATH}services.backend.resources.requests.mem",
    ),
    "a variable in lower case": Mistake(
        {"services.backend.env.debug": "1"},
        "services.backend.env.debug",
        ("has a bad name", "capitals"),
        f"{REMOVE_PATH}services.backend.env.debug",
    ),
    "a variable that is secret by its name": Mistake(
        {"services.backend.env.OPENAI_API_KEY": "sk-do-not-show"},
        "services.backend.env.OPENAI_API_KEY",
        ("stands in plain text", "legal-ai:secrets"),
        f"{REMOVE_PATH}services.backend.env.OPENAI_API_KEY && {SECRET}secrets.OPENAI_API_KEY",
    ),
    "a variable that the program sets": Mistake(
        {"services.backend.env.DATABASE_URL": "do-not-show"},
        "services.backend.env.DATABASE_URL",
        ("is set by the program itself",),
        f"{REMOVE_PATH}services.backend.env.DATABASE_URL",
    ),
    "a migration of an unknown service": Mistake(
        {"migrations.service": "bakend"},
        "migrations.service",
        ('is "bakend"', "backend, frontend"),
        f"{SET_PATH}migrations.service backend",
    ),
    # The cluster.
    "a namespace with an underscore": Mistake(
        {"namespace": "legal_ai"},
        "namespace",
        ('is "legal_ai"', "RFC 1123"),
        f"{SET}namespace legal-ai",
    ),
    "a namespace of 64 characters": Mistake(
        {"namespace": "a" * 64}, "namespace", ("63 characters",), f"{SET}namespace legal-ai"
    ),
    "a namespace of Kubernetes": Mistake(
        {"namespace": "kube-system"},
        "namespace",
        ("belongs to Kubernetes",),
        f"{SET}namespace legal-ai",
    ),
    "an unknown router": Mistake(
        {"router": "traefik"},
        "router",
        ('is "traefik"', "gateway-api or ingress-nginx"),
        f"{SET}router gateway-api",
    ),
    "an address without prefix length": Mistake(
        {"gateway.cidrs": ["10.0.0.1"]},
        "gateway.cidrs[0]",
        ('is "10.0.0.1"', "CIDR"),
        "pulumi config set --path 'legal-ai:gateway.cidrs[0]' 10.0.1.0/24",
    ),
    "a network with host bits": Mistake(
        {"gateway.cidrs": ["10.0.0.0/24", "10.0.0.1/24"]},
        "gateway.cidrs[1]",
        ('is "10.0.0.1/24"', "host bits"),
        "pulumi config set --path 'legal-ai:gateway.cidrs[1]' 10.0.1.0/24",
    ),
    # Data.
    "an unknown kind of database": Mistake(
        {"database": {"kind": "mysql"}},
        "database.kind",
        ('is "mysql"', "rds or external"),
        f"{SET_PATH}database.kind rds",
    ),
    "an instance in a stack that can't name it": Mistake(
        {**RDS, "environment": "local"},
        "database.kind",
        ("the stack is Review.2", "lower-case letters"),
        "pulumi stack rename NAME",
        {"stack": "Review.2"},
    ),
    "an instance with half a place": Mistake(
        {**RDS, **{f"database.{key}": value for key, value in PLACE.items() if key != "vpcId"}},
        "database.vpcId",
        ("is missing",),
        f"{SET_PATH}database.vpcId vpc-0a1b2c3d4e5f60718",
    ),
    "a subnet that is none": Mistake(
        {**RDS, "database.subnetIds": ["10.0.0.0/24"]},
        "database.subnetIds[0]",
        ('is "10.0.0.0/24"', "subnets' IDs"),
        "pulumi config set --path 'legal-ai:database.subnetIds[0]' subnet-0a1b2c3d4e5f60718",
    ),
    "a database that is open to the internet": Mistake(
        {**RDS, "database.clusterCidrs": ["0.0.0.0/0"]},
        "database.clusterCidrs[0]",
        ('is "0.0.0.0/0"', "it is not within 10.0.0.0/8"),
        "pulumi config set --path 'legal-ai:database.clusterCidrs[0]' 10.0.0.0/16",
    ),
    "an instance class of unknown size": Mistake(
        {**RDS, "database.instanceClass": "db.z1d.large"},
        "database.maxConnections",
        ("is missing", "db.z1d.large", "its memory in bytes / 9531392"),
        f"{SET_PATH}database.maxConnections 500",
    ),
    "pools that one more worker process makes too large": Mistake(
        {
            **RDS,
            "database.maxConnections": 200,
            "services.backend.env.WEB_CONCURRENCY": "2",
        },
        "database.maxConnections",
        ("is 200", "380 connections", "3 pods x 2 processes x (pool 10 + overflow 20)"),
        f"{SET_PATH}services.backend.env.SQLALCHEMY_POOL_SIZE 15 && "
        f"{SET_PATH}services.backend.env.SQLALCHEMY_MAX_OVERFLOW 0",
    ),
    "a rollback that would scale the idle color up to too many connections": Mistake(
        {**RDS, "green.replicas": 0, "blue.replicas": 3, "database.maxConnections": 319},
        "database.maxConnections",
        ("320 connections", "2 colors x 5 pods"),
        f"{SET_PATH}services.backend.env.SQLALCHEMY_POOL_SIZE 29 && "
        f"{SET_PATH}services.backend.env.SQLALCHEMY_MAX_OVERFLOW 0",
    ),
    "a pool that is no number": Mistake(
        {"services.backend.env.SQLALCHEMY_POOL_SIZE": "many"},
        "services.backend.env.SQLALCHEMY_POOL_SIZE",
        ('is "many"', "a whole number, 1 or more"),
        f"{SET_PATH}services.backend.env.SQLALCHEMY_POOL_SIZE 10",
    ),
    "a place for backups with a space": Mistake(
        {"backups.store": "my backups"},
        "backups.store",
        ('is "my backups"', "s3://BUCKET/PREFIX"),
        f"{SET_PATH}backups.store s3://legal-ai-backups/production",
    ),
    "an administrator's address without database": Mistake(
        {"database.adminUrl": "postgresql+psycopg://u:do-not-show@host:5432"},
        "database.adminUrl",
        ("it names no database", "not shown"),
        f"{SECRET}database.adminUrl",
    ),
    "an external database without address": Mistake(
        {"database.url": GONE}, "database.url", ("is missing",), f"{SECRET}database.url"
    ),
    "an instance class that is none": Mistake(
        {**RDS, "database.instanceClass": "m5.large"},
        "database.instanceClass",
        ('is "m5.large"', "db.FAMILY.SIZE"),
        f"{SET_PATH}database.instanceClass db.t4g.medium",
    ),
    "storage that can't grow": Mistake(
        {**RDS, "database.allocatedStorage": 200, "database.maxAllocatedStorage": 219},
        "database.maxAllocatedStorage",
        ("is 219", "allocatedStorage is 200", "220 or more"),
        f"{SET_PATH}database.maxAllocatedStorage 220",
    ),
    "a current generation that is none": Mistake(
        {**RDS, "database.current": "g2"},
        "database.current",
        ('is "g2"', "one of g1"),
        f"{SET_PATH}database.current g1",
    ),
    "two generations of one name": Mistake(
        {**RDS, "database.generations": [{"name": "g1"}, {"name": "g1"}]},
        "database.generations[1].name",
        ('is "g1"',),
        "pulumi config set --path 'legal-ai:database.generations[1].name' g2",
    ),
    "a generation from two sources": Mistake(
        {
            **RDS,
            "database.generations": [
                {"name": "g1"},
                {"name": "g2", "source": {"snapshot": "s", "generation": "g1"}},
            ],
        },
        "database.generations[1].source",
        ('"snapshot": "s"', "either snapshot, or generation and time"),
        "pulumi config rm --path 'legal-ai:database.generations[1].source'",
    ),
    "a generation from an unknown one": Mistake(
        {
            **RDS,
            "database.generations": [
                {"name": "g1"},
                {"name": "g2", "source": {"generation": "g7", "time": "2025-10-14T01:00:00Z"}},
            ],
        },
        "database.generations[1].source.generation",
        ('is "g7"', "g1"),
        "pulumi config set --path 'legal-ai:database.generations[1].source.generation' g1",
    ),
    "history kept longer than there is": Mistake(
        {"backups.pointInTime": True, "backups.retentionDays": 36},
        "backups.retentionDays",
        ("is 36", "1 to 35"),
        f"{SET_PATH}backups.retentionDays 35",
    ),
    "a copy to a region that is none": Mistake(
        {"backups.copyToRegion": "mars"},
        "backups.copyToRegion",
        ('is "mars"', "AWS region"),
        f"{SET_PATH}backups.copyToRegion us-west-2",
    ),
    "a copy to the same region": Mistake(
        {"backups.copyToRegion": "us-east-1"},
        "backups.copyToRegion",
        ('is "us-east-1"', "aws:region", "other than the stack's own"),
        f"{REMOVE_PATH}backups.copyToRegion",
        {"other": {"aws:region": "us-east-1"}},
    ),
    "an unknown schedule of backups": Mistake(
        {"backups.schedule": "weekly"},
        "backups.schedule",
        ('is "weekly"', "daily or hourly"),
        f"{SET_PATH}backups.schedule hourly",
    ),
    # Watching.
    "alerts that nobody acts on": Mistake(
        {"alerts.delivery": "operator"},
        "alerts.delivery",
        ('is "operator", and agent.enabled is false', "none where no agent runs"),
        f"{SET_PATH}agent.enabled true",
    ),
    "a threshold below what is normal": Mistake(
        {"alerts.cpuPercent.alert": 50},
        "alerts.cpuPercent.alert",
        ("is 50", "normal is 60", "the runbook's is 80"),
        f"{SET_PATH}alerts.cpuPercent.alert 80 && {SET_PATH}alerts.cpuPercent.normal 60",
    ),
    "a percentage above 100": Mistake(
        {"alerts.memoryPercent.alert": 101},
        "alerts.memoryPercent.alert",
        ("is 101", "up to 100"),
        f"{SET_PATH}alerts.memoryPercent.alert 90",
    ),
    "a factor above 1": Mistake(
        {"alerts.timeFactor": 2},
        "alerts.timeFactor",
        ("is 2", "up to 1"),
        f"{SET_PATH}alerts.timeFactor 1",
    ),
    # Agent and notifications.
    "an agent without image": Mistake(
        {"agent": {"token": AGENT_TOKEN}},
        "agent.image",
        ("is missing, and the agent is enabled", "agent/Dockerfile"),
        f"{SET_PATH}agent.image registry.legal-ai-system.com/legal-ai-agent:v0.1.0",
    ),
    "an agent's image without tag": Mistake(
        {"agent.image": "registry.test:5000/legal-ai-agent"},
        "agent.image",
        ("it has neither tag nor digest",),
        f"{SET_PATH}agent.image registry.legal-ai-system.com/legal-ai-agent:v0.1.0",
    ),
    "an agent without token": Mistake(
        {"agent": {"image": "legal-ai-agent:v1"}},
        "agent.token",
        ("is missing, and the agent is enabled",),
        f"openssl rand -hex 32 | {SECRET}agent.token",
    ),
    "an agent's token that can be guessed": Mistake(
        {"agent": {"image": "legal-ai-agent:v1", "token": "do-not-show"}},
        "agent.token",
        ("is too short", "not shown", "16 characters or more"),
        f"openssl rand -hex 32 | {SECRET}agent.token",
    ),
    "no agent at all": Mistake(
        {"agent.enabled": True, "agent.image": "a:b", "agent.token": AGENT_TOKEN}
        | {"agent.replicas": 0},
        "agent.replicas",
        ("is 0", "1 to 5"),
        f"{SET_PATH}agent.replicas 2",
    ),
    "a status page that is no address": Mistake(
        {"notifications.statusPage": "status.test"},
        "notifications.statusPage",
        ('is "status.test"', "https://"),
        f"{SET_PATH}notifications.statusPage https://status.legal-ai-system.com/api/incidents",
    ),
    "a status page without https": Mistake(
        {"notifications.statusPage": "http://status.test/api"},
        "notifications.statusPage",
        ('is "http://status.test/api", not encrypted', "https://"),
        f"{SET_PATH}notifications.statusPage https://status.test/api",
        PRODUCTION,
    ),
    "a token for no status page": Mistake(
        {"notifications.statusPageToken": "do-not-show"},
        "notifications.statusPage",
        ("is missing, and notifications.statusPageToken is set",),
        f"{SET_PATH}notifications.statusPage https://status.legal-ai-system.com/api/incidents",
    ),
    "mail to nobody": Mistake(
        {"notifications.email": {**EMAIL, "to": []}},
        "notifications.email.to",
        ("nobody is named", "a list of mail addresses"),
        "pulumi config set --path 'legal-ai:notifications.email.to[0]' on-call@legal-ai-system.com",
    ),
    "mail to what is no address": Mistake(
        {"notifications.email": {**EMAIL, "to": ["on call"]}},
        "notifications.email.to[0]",
        ('is "on call"', "it is no mail address"),
        "pulumi config set --path 'legal-ai:notifications.email.to[0]' on-call@legal-ai-system.com",
    ),
    "a login without password": Mistake(
        {"notifications.email": {**EMAIL, "user": "deploy"}},
        "notifications.email.password",
        ("is missing, and notifications.email.user is set",),
        f"{SECRET}notifications.email.password",
    ),
    "a password without login": Mistake(
        {"notifications.email": {**EMAIL, "password": "do-not-show"}},
        "notifications.email.user",
        ("is missing, and notifications.email.password is set",),
        f"{SET_PATH}notifications.email.user deploy@legal-ai.test",
    ),
    # Production.
    "production without hourly backups": Mistake(
        {"backups.schedule": "daily"},
        "backups.schedule",
        ('is "daily" in production', "hourly"),
        f"{SET_PATH}backups.schedule hourly",
        PRODUCTION,
    ),
    "production without point-in-time recovery": Mistake(
        {"backups.pointInTime": False},
        "backups.pointInTime",
        ("is false in production", "true"),
        f"{SET_PATH}backups.pointInTime true",
        PRODUCTION,
    ),
    "production without a replica": Mistake(
        {"database.replica": False},
        "database.replica",
        ("is false in production",),
        f"{SET_PATH}database.replica true",
        PRODUCTION,
    ),
    "production without deletion protection": Mistake(
        {"database.deletionProtection": False},
        "database.deletionProtection",
        ("is false in production",),
        f"{SET_PATH}database.deletionProtection true",
        PRODUCTION,
    ),
    "production in one zone": Mistake(
        {"database.multiAz": False},
        "database.multiAz",
        ("is false in production",),
        f"{SET_PATH}database.multiAz true",
        PRODUCTION,
    ),
    "production on a database that can't be seen": Mistake(
        {"database": {"kind": "external", "url": DATABASE_URL}},
        "database.kind",
        ('is "external" in production', "rds"),
        f"{SET_PATH}database.kind rds",
        PRODUCTION,
    ),
    "production without a network for its database": Mistake(
        {"database.vpcId": GONE},
        "database.vpcId",
        ("is missing", "the VPC that the cluster is in"),
        f"{SET_PATH}database.vpcId vpc-0a1b2c3d4e5f60718",
        PRODUCTION,
    ),
    "production with its database in one subnet": Mistake(
        {"database.subnetIds": ["subnet-0123456789abcdef0"]},
        "database.subnetIds[1]",
        ("is missing", "of two availability zones"),
        "pulumi config set --path 'legal-ai:database.subnetIds[1]' subnet-18071f6e5d4c3b2a1",
        PRODUCTION,
    ),
    "production that admits nobody to its database": Mistake(
        {"database.clusterSecurityGroupIds": []},
        "database.clusterSecurityGroupIds[0]",
        ("is missing", "legal-ai:database.clusterCidrs"),
        "pulumi config set --path 'legal-ai:database.clusterSecurityGroupIds[0]' "
        "sg-0a1b2c3d4e5f60718",
        PRODUCTION,
    ),
    "production whose pods may open more connections than its database takes": Mistake(
        {"database.instanceClass": "db.t4g.small"},
        "database.instanceClass",
        (
            "is db.t4g.small, which takes about 185",
            "may open 200 connections: backend 180 = 2 colors x 3 pods x 1 process x "
            "(pool 10 + overflow 20); and 20 for migrations",
            "SQLALCHEMY_POOL_SIZE",
        ),
        f"{SET_PATH}database.instanceClass db.t4g.medium",
        PRODUCTION,
    ),
    "production without https": Mistake(
        {"hosts.scheme": "http"},
        "hosts.scheme",
        ('is "http" in production', "https"),
        f"{SET_PATH}hosts.scheme https",
        PRODUCTION,
    ),
    "production's stack as another environment": Mistake(
        {"environment": "staging"},
        "environment",
        ('is "staging"', "the stack's name is production"),
        f"{REMOVE}environment",
        PRODUCTION,
    ),
    "a stack of another name that says nothing": Mistake(
        {},
        "environment",
        ("is missing", "local, staging or production"),
        f"{SET}environment staging",
        {"stack": "review"},
    ),
    # Secrets.
    "no JWT secret": Mistake(
        {"secrets.JWT_SECRET": GONE},
        "secrets.JWT_SECRET",
        ("is missing",),
        f"{SECRET}secrets.JWT_SECRET",
    ),
    "a JWT secret under another name": Mistake(
        {"secrets.JWT_SECRET": GONE, "secrets.JWT_SECERT": JWT_SECRET},
        "secrets.JWT_SECRET",
        ("is missing", "legal-ai:secrets.JWT_SECERT is there"),
        f"{SECRET}secrets.JWT_SECRET",
    ),
    "no password for the smoke tests": Mistake(
        {"secrets.SMOKE_PASSWORD": GONE},
        "secrets.SMOKE_PASSWORD",
        ("is missing",),
        f"{SECRET}secrets.SMOKE_PASSWORD",
    ),
    "an empty secret": Mistake(
        {"secrets.SMOKE_PASSWORD": ""},
        "secrets.SMOKE_PASSWORD",
        ("it is empty", "not shown"),
        f"{SECRET}secrets.SMOKE_PASSWORD",
    ),
    "a JWT secret that is too short": Mistake(
        {"secrets.JWT_SECRET": "do-not-show"},
        "secrets.JWT_SECRET",
        ("is too short", "32 bytes"),
        f"openssl rand -hex 32 | {SECRET}secrets.JWT_SECRET",
    ),
    "a secret that the program sets": Mistake(
        {"secrets.REDIS_URL": "do-not-show"},
        "secrets.REDIS_URL",
        ("is set by the program itself",),
        f"{REMOVE_PATH}secrets.REDIS_URL",
    ),
    "a secret's name in lower case": Mistake(
        {"secrets.openai": "do-not-show"},
        "secrets.openai",
        ("has a bad name", "capitals"),
        f"{REMOVE_PATH}secrets.openai",
    ),
    "no address of Redis": Mistake(
        {"redis": {}}, "redis.url", ("is missing", "redis://"), f"{SECRET}redis.url"
    ),
    "an address of Redis that is none": Mistake(
        {"redis.url": "https://do-not-show:6379"},
        "redis.url",
        ("does not begin with redis://", "not shown"),
        f"{SECRET}redis.url",
    ),
    "a database address without database": Mistake(
        {"database.url": "postgresql+psycopg://u:do-not-show@host:5432"},
        "database.url",
        ("it names no database", "not shown"),
        f"{SECRET}database.url",
    ),
    "a database address with a bad password": Mistake(
        {"database.url": "postgresql+psycopg://u:do/not-show@host:5432/db"},
        "database.url",
        ("%2F", "not shown"),
        f"{SECRET}database.url",
    ),
    "an address where an object belongs": Mistake(
        {"redis": "redis://do-not-show"},
        "redis",
        ("not shown", "an object with the keys url"),
        f"{REMOVE}redis && {SECRET}redis.url",
        {"encrypted": ENCRYPTED},
    ),
    "a webhook without https": Mistake(
        {"notifications.slackWebhook": "http://do-not-show"},
        "notifications.slackWebhook",
        ("is no https:// address", "not shown"),
        f"{SECRET}notifications.slackWebhook",
        PRODUCTION,
    ),
    "a webhook that is no address": Mistake(
        {"notifications.webhook": "do-not-show"},
        "notifications.webhook",
        ("it is no http:// or https:// address", "not shown"),
        f"{SECRET}notifications.webhook",
    ),
    "an agent's token in plain text": Mistake(
        {"agent": {"image": "a:b", "token": AGENT_TOKEN}},
        "agent.token",
        ("plain text",),
        f"{SECRET}agent.token",
        {"encrypted": ("database", "redis", "secrets")},
    ),
    "a mistyped secret key": Mistake(
        {"redis.ulr": "do-not-show"},
        "redis.ulr",
        ("did you mean legal-ai:redis.url?",),
        f"{REMOVE_PATH}redis.ulr && {SECRET}redis.url",
    ),
    "secrets under a mistyped name": Mistake(
        {"secret": {"JWT_SECRET": "do-not-show"}},
        "secret",
        ("did you mean legal-ai:secrets?",),
        f"{REMOVE}secret && {SECRET}secrets.NAME",
    ),
    "a secret in plain text": Mistake(
        {},
        "redis.url",
        ("is a secret and stands in plain text", "an encrypted value only"),
        f"{SECRET}redis.url",
        {"encrypted": ("database", "secrets")},
    ),
    "a database address in plain text": Mistake(
        {},
        "database.url",
        ("plain text",),
        f"{SECRET}database.url",
        {"encrypted": ("redis", "secrets")},
    ),
    "a webhook in plain text": Mistake(
        {"notifications.slackWebhook": "https://hooks.test/do-not-show"},
        "notifications.slackWebhook",
        ("plain text",),
        f"{SECRET}notifications.slackWebhook",
        {"encrypted": ("database", "redis", "secrets")},
    ),
    "a plain secret beside an encrypted one": Mistake(
        {},
        "secrets.SMOKE_PASSWORD",
        ("plain text",),
        f"{SECRET}secrets.SMOKE_PASSWORD",
        {
            "stack_file": {
                "config": {
                    "legal-ai:secrets": {
                        "JWT_SECRET": {"secure": "v1:abc"},
                        "SMOKE_PASSWORD": SMOKE_PASSWORD,
                    }
                }
            }
        },
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_refusal_names_the_key_the_value_what_is_allowed_and_the_command(
    mistake: Mistake,
) -> None:
    error = refused(mistake.change, **mistake.how)
    assert [problem.key for problem in error.problems] == [f"legal-ai:{mistake.key}"]
    message = str(error)
    assert f"\nlegal-ai:{mistake.key} " in message
    for part in mistake.says:
        assert part in message
    assert f"\n  Allowed: {error.problems[0].allowed}" in message
    assert error.problems[0].allowed
    assert f"\n  Mend it: {mistake.fix}" in message


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_refusal_never_shows_a_secret(mistake: Mistake) -> None:
    message = str(refused(mistake.change, **mistake.how))
    for secret in (JWT_SECRET, SMOKE_PASSWORD, DATABASE_URL, REDIS_URL, "do-not-show"):
        assert secret not in message


def test_all_problems_are_told_at_once() -> None:
    compatible = {
        path: value
        for mistake in MISTAKES.values()
        if not mistake.how and len(mistake.change) == 1
        for path, value in mistake.change.items()
        if isinstance(value, str | int | float) and path.count(".") < 2
    }
    one_each = {path.partition(".")[0]: (path, value) for path, value in compatible.items()}
    error = refused(dict(one_each.values()))
    told = {problem.key for problem in error.problems}
    assert len(one_each) >= 12
    assert told >= {f"legal-ai:{path}" for path, _ in one_each.values()}
    assert f"has {len(error.problems)} problems" in str(error)


def test_an_empty_configuration_says_everything_that_is_needed() -> None:
    sections = ("blue", "green", "hosts", "database", "redis", "secrets")
    error = refused(base={section: {} for section in sections})
    assert {problem.key for problem in error.problems} == {
        "legal-ai:activeColor",
        "legal-ai:hosts.public",
        "legal-ai:hosts.preview",
        "legal-ai:redis.url",
        "legal-ai:secrets.JWT_SECRET",
        "legal-ai:secrets.SMOKE_PASSWORD",
    }


def test_rules_of_one_service_are_asked_while_another_is_wrong() -> None:
    error = refused({"services.frontend.port": 0, "services.backend.preStopSeconds": 60})
    assert {problem.key for problem in error.problems} == {
        "legal-ai:services.frontend.port",
        "legal-ai:services.backend.preStopSeconds",
    }


def test_a_value_in_the_stack_file_that_is_not_in_use_is_no_problem() -> None:
    assert loaded(stack_file={"config": {"legal-ai:secrets": {"SMOKE_PASSWORD": "another"}}})


def test_pulumi_shows_the_refusal_without_a_traceback() -> None:
    assert isinstance(refused({"canaryWeight": "150"}), pulumi.RunError)
