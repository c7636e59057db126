"""The loader of rules and routes, what Prometheus scrapes, and who may read what for that."""

import base64
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest
from rich.console import Console

from local import credentials, process
from local.api import Api
from local.monitoring_loader import changes, loader
from local.monitoring_loader.discovery import Discovery, targets
from local.monitoring_loader.loader import ROUTES, RULES, Loader
from local.monitoring_loader.routes import merged
from local.monitoring_loader.shelf import Shelf
from local.parts.prometheus import mount_point
from local.places import Places
from local.problems import CommandFailedError, NotReadyError
from local.report import Report
from local.rights import rights
from local.scraping import jobs
from local.stack import Stack

DOCUMENT = {
    "route": {
        "receiver": "people",
        "group_by": ["alertname"],
        "routes": [
            {
                "receiver": "agent",
                "matchers": ['action="rollback"'],
                "mute_time_intervals": ["nights"],
            }
        ],
    },
    "receivers": [{"name": "people"}, {"name": "agent", "webhook_configs": [{"url": "http://a"}]}],
    "inhibit_rules": [
        {"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"']}
    ],
    "time_intervals": [{"name": "nights", "time_intervals": []}],
}


def test_a_document_routes_the_alerts_of_its_own_namespace_only() -> None:
    whole = merged({"shop/routes": DOCUMENT, "bank/routes": DOCUMENT})
    assert whole["route"]["receiver"] == "nobody"
    assert [route["matchers"] for route in whole["route"]["routes"]] == [
        ['namespace="bank"'],
        ['namespace="shop"'],
    ]
    assert whole["inhibit_rules"][1] == {
        "source_matchers": ['namespace="shop"', 'severity="critical"'],
        "target_matchers": ['namespace="shop"', 'severity="warning"'],
    }


def test_documents_that_use_the_same_names_do_not_get_into_each_others_way() -> None:
    whole = merged({"shop/routes": DOCUMENT, "shop/more": DOCUMENT})
    names = [receiver["name"] for receiver in whole["receivers"]]
    assert len(names) == len(set(names)) == 5
    more, routes = whole["route"]["routes"]
    assert (more["receiver"], routes["receiver"]) == ("shop/more/people", "shop/routes/people")
    child = routes["routes"][0]
    assert child["receiver"] == "shop/routes/agent"
    assert child["matchers"] == ['action="rollback"']
    assert child["mute_time_intervals"] == ["shop/routes/nights"]
    assert {interval["name"] for interval in whole["time_intervals"]} == {
        "shop/more/nights",
        "shop/routes/nights",
    }
    assert more["continue"], "the second document of the namespace would never be asked"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"receivers": []}, "shop/routes has no route"),
        (DOCUMENT | {"global": {}, "templates": []}, "shop/routes has global, templates"),
    ],
)
def test_what_can_not_be_one_of_several_is_refused_by_name(
    document: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        merged({"shop/routes": document})


def _no_bad(name: str, path: Path) -> None:
    if "bad" in path.read_text():
        raise CommandFailedError(f"{name}: bad")


def test_a_document_that_fails_its_check_leaves_the_one_before(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "rules", _no_bad)
    assert shelf.sync({"shop/a.b": "good", "shop/other": "good"})
    assert not shelf.sync({"shop/a.b": "bad", "shop/other": "good"})
    assert shelf.documents() == {"shop/a.b": "good", "shop/other": "good"}
    assert shelf.sync({"shop/a.b": "better", "shop/other": "good"})
    assert shelf.documents()["shop/a.b"] == "better"


def test_a_document_that_is_gone_goes_and_one_that_is_the_same_is_not_checked_again(
    tmp_path: Path,
) -> None:
    checked: list[str] = []
    shelf = Shelf(tmp_path, lambda name, _: checked.append(name))
    shelf.sync({"shop/a": "1", "shop/b": "1"})
    assert shelf.sync({"shop/b": "1"})
    assert checked == ["shop/a", "shop/b"]
    assert shelf.documents() == {"shop/b": "1"}


def test_documents_are_for_their_owner_alone_as_there_are_tokens_in_them(tmp_path: Path) -> None:
    Shelf(tmp_path, lambda *_: None).sync({"shop/a": "token"})
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0


class FakeApi(Api):
    """Objects by path; a path without any is one that can't be asked."""

    def __init__(self, **objects: dict[str, str] | None) -> None:
        self.objects = objects

    def get(self, path: str) -> dict[str, Any]:
        found = self.objects["rules" if path == RULES else "routes"]
        if found is None:
            raise NotReadyError(f"GET {path}: refused")
        key = "rules.yaml" if path == RULES else "alertmanager.yaml"
        return {
            "items": [
                {
                    "metadata": {"namespace": "shop", "name": name},
                    "data": {
                        key: text if path == RULES else base64.b64encode(text.encode()).decode()
                    },
                }
                for name, text in found.items()
            ]
        }


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    places = Places(tmp_path)
    places.make_folders()
    (places.data("alertmanager")).mkdir()
    return Stack(places, Report(Console()))


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which program was told to read its files again; checks pass."""
    told: list[str] = []
    monkeypatch.setattr(loader, "run", lambda *_, **__: "")
    for program in ("prometheus", "alertmanager"):

        def reload(_: Loader, program: str = program) -> None:
            told.append(program)

        monkeypatch.setattr(Loader, f"_reload_{program}", reload)
    return told


def test_each_program_is_told_at_first_and_then_only_when_its_own_files_change(
    stack: Stack, reloads: list[str]
) -> None:
    api = FakeApi(rules={}, routes={})
    loading = Loader(stack, api)
    loading.load()
    assert sorted(reloads) == ["alertmanager", "prometheus"]
    reloads.clear()
    loading.load()
    assert reloads == []
    api.objects["rules"] = {"alert-rules": "groups: []"}
    loading.load()
    assert reloads == ["prometheus"]
    api.objects["routes"] = {"alertmanager-config": json.dumps(DOCUMENT)}
    loading.load()
    assert reloads == ["prometheus", "alertmanager"]
    whole = json.loads((stack.places.data("alertmanager") / "alertmanager.yml").read_text())
    assert whole["route"]["routes"][0]["receiver"] == "shop/alertmanager-config/people"


def test_a_program_that_could_not_be_told_is_told_by_the_next_load(
    stack: Stack, reloads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [NotReadyError("Prometheus is starting")]

    def reload(_: Loader) -> None:
        if refusals:
            raise refusals.pop()
        reloads.append("prometheus at last")

    monkeypatch.setattr(Loader, "_reload_prometheus", reload)
    loading = Loader(stack, FakeApi(rules={"alert-rules": "groups: []"}, routes={}))
    with pytest.raises(NotReadyError):
        loading.load()
    loading.load()
    assert "prometheus at last" in reloads


@pytest.mark.parametrize("silent", ["rules", "routes"])
def test_an_api_server_that_does_not_answer_takes_nothing_away(
    stack: Stack, reloads: list[str], silent: str
) -> None:
    api = FakeApi(
        rules={"alert-rules": "groups: []"},
        routes={"alertmanager-config": json.dumps(DOCUMENT)},
    )
    loading = Loader(stack, api)
    loading.load()
    kept = {path: path.read_text() for path in stack.places.local.rglob("*.y*ml")}
    assert len(kept) == 3
    api.objects = {"rules": {}, "routes": {}} | {silent: None}
    with pytest.raises(NotReadyError):
        loading.load()
    assert {path: path.read_text() for path in kept} == kept


def test_a_route_that_is_no_yaml_does_not_stop_the_others(
    stack: Stack, reloads: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    api = FakeApi(rules={}, routes={"bad": "route: [", "good": json.dumps(DOCUMENT)})
    Loader(stack, api).load()
    assert "shop/bad is not taken" in caplog.text
    whole = json.loads((stack.places.data("alertmanager") / "alertmanager.yml").read_text())
    assert [route["receiver"] for route in whole["route"]["routes"]] == ["shop/good/people"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            f"# TYPE {loader.LAST_RELOAD} gauge\n{loader.LAST_RELOAD} 1.7954654e+09\nup 1\n",
            1795465400,
        ),
        ("up 1\n", None),
    ],
)
def test_prometheus_says_itself_when_it_took_its_files_over(
    monkeypatch: pytest.MonkeyPatch, text: str, found: float | None
) -> None:
    answer = httpx2.Response(200, text=text)
    monkeypatch.setattr(httpx2, "get", lambda *_, **__: answer)
    if found is not None:
        assert loader.last_reload("http://prometheus") == found
        return
    with pytest.raises(NotReadyError, match=f"without {loader.LAST_RELOAD}"):
        loader.last_reload("http://prometheus")


class Followed(Api):
    """Lists at version 7, then sends the given lines."""

    def __init__(self, *lines: str) -> None:
        self._lines = lines
        self.asked = ""

    def get(self, path: str) -> dict[str, Any]:
        return {"metadata": {"resourceVersion": "7"}}

    def lines(self, path: str, silent_seconds: float) -> Iterator[str]:
        self.asked = path
        yield from self._lines


class Counted(Event):
    """Counts how often it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def set(self) -> None:
        self.times += 1


def test_what_was_listed_and_each_change_after_it_is_told() -> None:
    api, changed = Followed('{"type": "ADDED"}', '{"type": "DELETED"}'), Counted()
    changes.once(api, RULES, changed)
    assert changed.times == 3
    assert "resourceVersion=7&" in api.asked


def test_a_version_that_is_too_old_is_listed_anew() -> None:
    api, changed = Followed('{"type": "ERROR"}', '{"type": "ADDED"}'), Counted()
    changes.once(api, ROUTES, changed)
    assert changed.times == 2


def scraped(name: str, disk: Path = Path("/")) -> dict[str, Any]:
    """The job of that name."""
    found = jobs(token=Path("/token"), pods=Path("/pods.json"), disk=disk)
    return next(job for job in found if job["job_name"] == name)


def test_the_agents_pods_are_scraped_once_and_quickly() -> None:
    assert scraped("rollback-agent")["scrape_interval"] == "1s"
    dropped = [r for r in scraped("pods")["relabel_configs"] if r.get("action") == "drop"]
    assert [rule["regex"] for rule in dropped] == ["rollback-agent"]


@pytest.mark.parametrize("address", ["10.244.0.5", "10.244.0.5:8000"])
def test_a_pod_is_asked_at_the_port_of_its_annotation(address: str) -> None:
    relabeling = scraped("pods")["relabel_configs"]
    rule = next(r for r in relabeling if r.get("target_label") == "__address__")
    found = re.fullmatch(rule["regex"], f"{address};9100")
    assert found is not None
    assert rule["replacement"].replace("$", "\\") == r"\1:\2"
    assert found.expand(r"\1:\2") == "10.244.0.5:9100"


POD = {
    "metadata": {
        "namespace": "shop",
        "name": "backend-1",
        "labels": {"app": "backend", "app.kubernetes.io/name": "backend"},
        "annotations": {"prometheus.io/port": "8000"},
    },
    "spec": {"containers": [{"name": "backend", "ports": [{"containerPort": 8000}]}]},
    "status": {"phase": "Running", "podIP": "10.244.0.5"},
}


def test_a_pod_is_told_of_as_prometheus_own_discovery_would() -> None:
    [target] = targets(POD)
    assert target["targets"] == ["10.244.0.5:8000"]
    assert target["labels"] == {
        "__meta_kubernetes_namespace": "shop",
        "__meta_kubernetes_pod_name": "backend-1",
        "__meta_kubernetes_pod_ip": "10.244.0.5",
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_label_app": "backend",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": "backend",
        "__meta_kubernetes_pod_annotation_prometheus_io_port": "8000",
        "__meta_kubernetes_pod_container_name": "backend",
        "__meta_kubernetes_pod_container_port_number": "8000",
    }


def test_a_pod_without_an_address_is_no_target_and_one_without_ports_is_one() -> None:
    containers = [{"name": "backend"}]
    assert [t["targets"] for t in targets(POD | {"spec": {"containers": containers}})] == [
        ["10.244.0.5"]
    ]
    assert not list(targets(POD | {"status": {"phase": "Running"}}))


def test_pods_that_can_not_be_asked_for_are_not_taken_for_gone(tmp_path: Path) -> None:
    class Pods(Api):
        def __init__(self) -> None:
            self.up = True

        def get(self, path: str) -> dict[str, Any]:
            if not self.up:
                raise NotReadyError("refused")
            return {"items": [POD]}

    api, file = Pods(), tmp_path / "pods.json"
    discovery = Discovery(api, file)
    discovery.load()
    written = file.read_text()
    assert "10.244.0.5:8000" in written
    api.up = False
    with pytest.raises(NotReadyError):
        discovery.load()
    assert file.read_text() == written


def test_only_counters_of_requests_are_taken_from_the_gateway() -> None:
    [counted] = scraped("envoy")["params"]["filter"]
    cluster = "cluster.legal-ai_backend-blue_80"
    assert re.search(counted, f"{cluster}.upstream_rq_xx")
    assert re.search(counted, f"{cluster}.upstream_rq_time")
    assert not re.search(counted, f"{cluster}.lb_healthy_panic")
    assert not re.search(counted, "http.ingress_http.downstream_cx_total")


def test_only_the_disk_that_the_database_lies_on_is_told_of(tmp_path: Path) -> None:
    [kept] = scraped("node", disk=Path("/srv/a.b"))["metric_relabel_configs"]
    assert re.fullmatch(kept["regex"], "/srv/a.b")
    assert not re.fullmatch(kept["regex"], "/srv/a-b")
    assert tmp_path.is_relative_to(mount_point(tmp_path))
    assert mount_point(tmp_path).is_mount()


def test_nobody_who_looks_may_write_or_is_without_rights() -> None:
    found = rights()
    verbs = {verb for item in found for rule in item.get("rules", []) for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch"}
    subjects = {s["name"] for item in found for s in item.get("subjects", [])}
    ours = {user for user, _ in credentials.USERS.values() if not user.startswith("system:")}
    assert subjects == ours - {"admin"}


def test_a_user_that_is_new_gets_a_token_and_the_others_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Places(tmp_path)
    places.make_folders()
    all_users = credentials.USERS
    monkeypatch.setattr(credentials, "USERS", {"admin": all_users["admin"]})
    credentials.ensure(places)
    before = (places.credentials / "tokens.csv").read_text()
    monkeypatch.setattr(credentials, "USERS", all_users)
    credentials.ensure(places)
    after = (places.credentials / "tokens.csv").read_text()
    assert after.startswith(before)
    token = (places.credentials / "prometheus.token").read_text()
    assert f'{token},prometheus,prometheus,""\n' in after
    assert token in (places.credentials / "prometheus.kubeconfig").read_text()


def test_a_signal_reaches_the_recorded_process_and_nobody_once_it_is_gone(tmp_path: Path) -> None:
    script = "import signal; print(signal.sigwait([signal.SIGHUP]).name, flush=True)"
    block = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP]);"
    pid_file, log = tmp_path / "pid", tmp_path / "log"
    child = process.start(
        pid_file, log, [sys.executable, "-c", block + "print('ready', flush=True);" + script],
        {}, tmp_path,
    )  # fmt: skip
    with subprocess.Popen(["tail", "-f", "-n+1", log], stdout=subprocess.PIPE, text=True) as shown:
        assert shown.stdout is not None
        assert shown.stdout.readline() == "ready\n"
        assert process.send(pid_file, signal.SIGHUP)
        assert shown.stdout.readline() == "SIGHUP\n"
        shown.terminate()
    assert child.wait() == 0
    assert not process.send(pid_file, signal.SIGHUP)
