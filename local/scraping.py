"""What Prometheus scrapes on this machine, and how: a pure function of where things are."""

import re
from pathlib import Path
from typing import Any

from local.addresses import (
    ALERTMANAGER_PORT,
    ENVOY_STATS_PORT,
    KUBE_STATE_METRICS_PORT,
    KUBELET_PORT,
    LOOPBACK,
    NODE_ADDRESS,
    NODE_EXPORTER_PORT,
    POSTGRES_EXPORTER_PORT,
    PROMETHEUS_PORT,
)
from ops.agent import NAME as AGENT
from ops.agent import PORT as AGENT_PORT

Job = dict[str, Any]

# What decides on a rollback is looked at each second, so that tests need not wait for it.
QUICK = {"scrape_interval": "1s", "scrape_timeout": "1s"}
NAMESPACE = "legal-ai"
"""Of stack `local`: whose database and disk the exporters tell of."""
COUNTED = r"^cluster\..*\.upstream_rq"
"""The counters and histograms of Envoy's clusters, a tenth of what it has."""
USED_OF_KUBELET = "container_(cpu|memory|spec)_.+|machine_.+"
_POD = "__meta_kubernetes_pod"


def jobs(token: Path, pods: Path, disk: Path) -> list[Job]:
    """Return Prometheus' `scrape_configs`.

    `token` is a file with what the kubelet asks for, `pods` the file of the pods that run, `disk`
    the mount point that the database's data is below.
    """
    return [
        _one("envoy", ENVOY_STATS_PORT)
        | QUICK
        | {"metrics_path": "/stats/prometheus", "params": {"filter": [COUNTED]}},
        _agent(pods),
        _pods(pods),
        _kubelet(token),
        _one("kube-state-metrics", KUBE_STATE_METRICS_PORT) | {"honor_labels": True},
        _one("node", NODE_EXPORTER_PORT, namespace=NAMESPACE)
        | {"metric_relabel_configs": [_keep("mountpoint", re.escape(str(disk)))]},
        _one("postgres", POSTGRES_EXPORTER_PORT, namespace=NAMESPACE),
        _one("prometheus", PROMETHEUS_PORT, NODE_ADDRESS),
        _one("alertmanager", ALERTMANAGER_PORT, NODE_ADDRESS),
    ]


def _one(name: str, port: int, address: str = LOOPBACK, **labels: str) -> Job:
    target: Job = {"targets": [f"{address}:{port}"]}
    return {"job_name": name, "static_configs": [target | ({"labels": labels} if labels else {})]}


def _agent(pods: Path) -> Job:
    return (
        QUICK
        | _discovered("rollback-agent", pods)
        | {
            "honor_labels": True,
            "relabel_configs": [
                _keep(f"{_POD}_label_app", AGENT),
                _keep(f"{_POD}_container_port_number", str(AGENT_PORT)),
                *_named(),
            ],
        }
    )


def _pods(pods: Path) -> Job:
    """The pods that ask for it by the annotations `prometheus.io/scrape` and `/port`."""
    annotation = f"{_POD}_annotation_prometheus_io"
    return _discovered("pods", pods) | {
        "relabel_configs": [
            {"source_labels": [f"{_POD}_label_app"], "regex": AGENT, "action": "drop"},
            _keep(f"{annotation}_scrape", "true"),
            _keep(f"{_POD}_phase", "Running"),
            {
                "source_labels": ["__address__", f"{annotation}_port"],
                "regex": r"([^:]+)(?::\d+)?;(\d+)",
                "replacement": "$1:$2",
                "target_label": "__address__",
            },
            *_named(),
            _copied(f"{_POD}_label_app", "service"),
            _copied(f"{_POD}_label_color", "color"),
        ]
    }


def _kubelet(token: Path) -> Job:
    """What containers use, by the kubelet; its certificate is one that it made for itself."""
    return _one("kubelet", KUBELET_PORT, NODE_ADDRESS) | {
        "scheme": "https",
        "metrics_path": "/metrics/cadvisor",
        "authorization": {"credentials_file": str(token)},
        "tls_config": {"insecure_skip_verify": True},
        "honor_labels": True,
        "metric_relabel_configs": [_keep("__name__", USED_OF_KUBELET)],
    }


def _discovered(name: str, pods: Path) -> Job:
    return {"job_name": name, "file_sd_configs": [{"files": [str(pods)]}]}


def _keep(label: str, regex: str) -> Job:
    return {"source_labels": [label], "regex": regex, "action": "keep"}


def _named() -> list[Job]:
    return [_copied("__meta_kubernetes_namespace", "namespace"), _copied(f"{_POD}_name", "pod")]


def _copied(source: str, target: str) -> Job:
    return {"source_labels": [source], "target_label": target}
