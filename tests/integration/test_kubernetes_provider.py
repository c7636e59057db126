"""The Kubernetes and language stand-ins, driven by the real `pulumi` against a real API server.

What is arithmetic (diffs, readiness rules, secrets) is in tests/unit/test_plugins_*. Here a small
program is written, `pulumi` is run on it, and the cluster is looked at with kubectl. Each test has
a namespace of its own, deleted afterwards. Source .local/env first.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.kubectl import kubectl as run_kubectl
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = {
    "pulumi-language-python": ROOT / "local/plugins/language_host.py",
    "pulumi-resource-kubernetes": ROOT / "local/plugins/kubernetes_provider.py",
}
IMAGE = "localhost/legal-ai-backend:v1.0.0"
COMMAND_LIMIT = 120

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def launchers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Launchers of this clone's plugins, whatever PATH says."""
    if not shutil.which("pulumi") or not os.environ.get("KUBECONFIG"):
        pytest.fail("pulumi and KUBECONFIG are needed: make up, then source .local/env")
    folder = tmp_path_factory.mktemp("launchers")
    for name, script in PLUGINS.items():
        launcher = folder / name
        launcher.write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
        launcher.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def runs_pods() -> None:
    """For tests that need containers to run, which a simulated node does not do."""
    nodes = kubectl("get", "nodes")["items"]
    real = [
        node
        for node in nodes
        if node["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd")
    ]
    if not real:
        pytest.skip("this cluster has no node that runs containers")


def kubectl(*args: str) -> Any:
    """What kubectl prints as JSON; None for an object that is not there."""
    try:
        return json.loads(run_kubectl(*args, "-o", "json"))
    except subprocess.CalledProcessError as error:
        if "NotFound" in error.stderr:
            return None
        raise


def patch(kind: str, name: str, namespace: str, body: dict[str, Any]) -> None:
    """Change an object as somebody else would, under another field manager."""
    kubectl(
        "-n", namespace, "patch", kind, name, "--type=merge", "--field-manager=outsider",
        "-p", json.dumps(body),
    )  # fmt: skip


class Project:
    """One Pulumi project and stack in a folder of its own, and one namespace."""

    def __init__(self, folder: Path, launchers: Path) -> None:
        self.folder = folder
        self.namespace = f"it-{secrets.token_hex(3)}"
        self.stack = "test"
        (folder / "Pulumi.yaml").write_text("name: stand-in\nruntime:\n  name: python\n")
        (folder / "state").mkdir()
        self.environment = {
            **os.environ,
            "PATH": f"{launchers}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "integration",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_STACK": self.stack,
            "NAMESPACE": self.namespace,
            "NO_COLOR": "1",
        }
        self.run("stack", "init", self.stack)

    def write(self, program: str) -> None:
        """The program: `k8s`, `pulumi`, `config`, `IMAGE` and `meta(name)` are there already."""
        opening = f"""
            import os
            import pulumi
            import pulumi_kubernetes as k8s
            NAMESPACE = os.environ["NAMESPACE"]
            IMAGE = {IMAGE!r}
            config = pulumi.Config()
            def meta(name, **annotations):
                found = {{"pulumi.com/" + key: value for key, value in annotations.items()}}
                return {{"name": name, "namespace": NAMESPACE,
                         **({{"annotations": found}} if found else {{}})}}
            """
        text = textwrap.dedent(opening) + textwrap.dedent(program)
        (self.folder / "__main__.py").write_text(text)

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *args],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *args: str, fails: bool = False) -> str:
        """What a pulumi command prints; its exit code is checked."""
        done = self.start(*args)
        printed, _ = done.communicate(timeout=COMMAND_LIMIT)
        assert (done.returncode != 0) == fails, printed
        return printed

    def up(self, *args: str, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", *args, fails=fails)

    def set(self, **values: str) -> None:
        """Config values; `kubernetes__context` stands for the key `kubernetes:context`."""
        given = [f"{key.replace('__', ':')}={value}" for key, value in values.items()]
        self.run("config", "set-all", *(part for text in given for part in ("--plaintext", text)))

    def state(self) -> dict[str, dict[str, Any]]:
        """The resources in the state, by logical name."""
        deployment = json.loads(self.run("stack", "export"))["deployment"]
        return {r["urn"].rsplit("::", 1)[-1]: r for r in deployment.get("resources", [])}


@pytest.fixture
def project(tmp_path: Path, launchers: Path) -> Iterator[Project]:
    made = Project(tmp_path, launchers)
    kubectl("create", "namespace", made.namespace)
    yield made
    subprocess.run(
        ["kubectl", "delete", "namespace", made.namespace, "--wait=false"],
        check=False,
        capture_output=True,
    )


CONFIG_MAP = """
    k8s.core.v1.ConfigMap("settings", metadata=meta("settings"),
                          data={"colour": config.get("colour") or "blue"})
    """

WEB = """
    k8s.apps.v1.Deployment("web", metadata=meta("web", timeoutSeconds=config.get("wait") or "4"),
        spec={
            "replicas": int(config.get("replicas") or 1),
            "selector": {"matchLabels": {"app": config.get("app") or "web"}},
            "template": {
                "metadata": {"labels": {"app": config.get("app") or "web"}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "nodeSelector": config.get_object("node") or None,
                    "containers": [{"name": "web", "image": IMAGE}],
                },
            },
        })
    """


def test_creates_changes_and_deletes_what_a_program_declares(project: Project) -> None:
    project.write(
        CONFIG_MAP
        + """
    unnamed = k8s.core.v1.Service("unnamed",
        metadata={"namespace": NAMESPACE, "annotations": {"pulumi.com/skipAwait": "true"}},
        spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    pulumi.export("address", unnamed.spec.cluster_ip)
    pulumi.export("name", unnamed.metadata.name)
    """
    )
    project.set(kubernetes__enableConfigMapMutable="true")
    project.up()
    name = project.run("stack", "output", "name").strip()
    assert name.startswith("unnamed-")
    live = kubectl("-n", project.namespace, "get", "service", name)
    assert project.run("stack", "output", "address").strip() == live["spec"]["clusterIP"]

    assert "3 unchanged" in project.up(), "the stack and two objects"

    project.set(colour="green")
    assert "1 updated" in project.up()
    settings = kubectl(
        "-n", project.namespace, "get", "configmap", "settings", "--show-managed-fields"
    )
    assert settings["data"] == {"colour": "green"}
    managers = {entry["manager"] for entry in settings["metadata"]["managedFields"]}
    assert managers == {project.state()["settings"]["outputs"]["__fieldManager"]}

    project.run("destroy", "--yes", "--skip-preview")
    assert kubectl("-n", project.namespace, "get", "configmap", "settings") is None
    assert kubectl("-n", project.namespace, "get", "service", name) is None


@pytest.mark.long
def test_a_preview_shows_the_change_and_makes_none(project: Project) -> None:
    project.write(WEB)
    project.set(replicas="0")
    project.up()
    project.set(replicas="2")
    printed = project.run("preview", "--diff")
    assert "replicas: 0 => 2" in printed
    assert "1 to update" in printed
    assert kubectl("-n", project.namespace, "get", "deployment", "web")["spec"]["replicas"] == 0

    project.set(replicas="-1")
    refused = project.run("preview", fails=True)
    assert "must be greater than or equal to 0" in refused, "the API server's dry run says so"


@pytest.mark.long
def test_a_preview_before_namespace_and_kind_exist_shows_the_program(project: Project) -> None:
    group = f"{project.namespace}.example.com"
    project.write(
        f"""
    definition = k8s.apiextensions.v1.CustomResourceDefinition("widgets",
        metadata={{"name": "widgets.{group}"}},
        spec={{"group": "{group}", "scope": "Namespaced",
              "names": {{"plural": "widgets", "singular": "widget", "kind": "Widget"}},
              "versions": [{{"name": "v1", "served": True, "storage": True,
                            "schema": {{"openAPIV3Schema": {{"type": "object",
                                "x_kubernetes_preserve_unknown_fields": True}}}}}}]}})
    space = k8s.core.v1.Namespace("space", metadata={{"name": NAMESPACE + "-new"}})
    k8s.apiextensions.CustomResource("widget", api_version="{group}/v1", kind="Widget",
        metadata={{"name": "one", "namespace": space.metadata.name,
                   # The garbage collector is slow to notice a kind that has just appeared.
                   "annotations": {{"pulumi.com/deletionPropagationPolicy": "background"}}}},
        spec={{"size": 1}},
        opts=pulumi.ResourceOptions(depends_on=[definition]))
    """
    )
    assert "4 to create" in project.run("preview")
    project.up()
    widget = kubectl("-n", f"{project.namespace}-new", "get", f"widgets.{group}", "one")
    assert widget["spec"] == {"size": 1}
    assert "unchanged" in project.up()
    project.run("destroy", "--yes", "--skip-preview")
    assert kubectl("get", "crd", f"widgets.{group}") is None
    assert kubectl("get", "namespace", f"{project.namespace}-new") is None


@pytest.mark.long
def test_what_cannot_change_in_place_is_replaced(project: Project) -> None:
    project.write(
        WEB
        + """
    k8s.core.v1.ConfigMap("unnamed", metadata={"namespace": NAMESPACE},
                          data={"colour": config.get("colour") or "blue"})
    """
    )
    project.set(replicas="0")
    project.up()
    before = kubectl("-n", project.namespace, "get", "deployment", "web")["metadata"]["uid"]
    named = project.state()["unnamed"]["id"]

    project.set(app="other", colour="green")
    printed = project.run("preview", "--diff")
    assert "+-kubernetes:apps/v1:Deployment: (replace)" in printed
    assert "2 to replace" in printed
    project.up()
    after = kubectl("-n", project.namespace, "get", "deployment", "web")
    assert after["metadata"]["uid"] != before
    assert after["spec"]["selector"]["matchLabels"] == {"app": "other"}
    assert project.state()["unnamed"]["id"] != named, "a ConfigMap's data is replaced with its name"


@pytest.mark.long
def test_another_managers_change_is_a_conflict_until_forced(project: Project) -> None:
    project.write(
        """
    k8s.core.v1.ConfigMap("settings", data={"colour": config.get("colour") or "blue"},
        metadata=meta("settings", **({"patchForce": "true"} if config.get("force") else {})))
    """
    )
    project.set(kubernetes__enableConfigMapMutable="true")
    project.up()
    patch("configmap", "settings", project.namespace, {"data": {"colour": "outside"}})

    def colour() -> str:
        live = kubectl("-n", project.namespace, "get", "configmap", "settings")
        return str(live["data"]["colour"])

    assert "unchanged" in project.up()
    assert colour() == "outside", "an up with unchanged config leaves it alone"

    project.set(colour="green")
    for refused in (project.run("preview", fails=True), project.up(fails=True)):
        assert "outsider" in refused
        assert ".data.colour" in refused
        assert 'pulumi.com/patchForce: "true"' in refused
    assert colour() == "outside"

    project.set(force="yes")
    project.up()
    assert colour() == "green"


def test_refresh_sees_outside_changes_and_forgets_what_is_gone(project: Project) -> None:
    project.write(
        CONFIG_MAP
        + """
    k8s.core.v1.ConfigMap("doomed", metadata=meta("doomed"), data={"a": "b"})
    """
    )
    project.set(kubernetes__enableConfigMapMutable="true", kubernetes__enablePatchForce="true")
    project.up()
    patch("configmap", "settings", project.namespace, {"data": {"colour": "outside"}})
    kubectl_delete("configmap", "doomed", project.namespace)

    project.run("refresh", "--yes", "--skip-preview")
    state = project.state()
    assert state["settings"]["outputs"]["data"] == {"colour": "outside"}
    assert "doomed" not in state

    printed = project.up("--refresh")
    assert "1 created" in printed
    assert "1 updated" in printed
    live = kubectl("-n", project.namespace, "get", "configmap", "settings")
    assert live["data"] == {"colour": "blue"}


def kubectl_delete(kind: str, name: str, namespace: str) -> None:
    run_kubectl("-n", namespace, "delete", kind, name)


@pytest.mark.long
def test_an_object_made_by_others_is_refused_adopted_or_imported(project: Project) -> None:
    kubectl(
        "-n", project.namespace, "create", "configmap", "settings", "--from-literal=colour=outside"
    )
    project.write(CONFIG_MAP)
    refused = project.up(fails=True)
    assert "already exists" in refused
    assert "kubernetes:upsertExistingObjects" in refused

    project.run(
        "import", "kubernetes:core/v1:ConfigMap", "settings", f"{project.namespace}/settings",
        "--yes", "--generate-code=false", "--protect=false", "--skip-preview",
    )  # fmt: skip
    assert project.state()["settings"]["inputs"]["data"] == {"colour": "outside"}
    project.run("state", "delete", project.state()["settings"]["urn"], "--yes")

    project.set(kubernetes__upsertExistingObjects="true", kubernetes__enablePatchForce="true")
    project.up()
    live = kubectl("-n", project.namespace, "get", "configmap", "settings")
    assert live["data"] == {"colour": "blue"}


def test_a_create_cut_off_by_kill_is_finished_by_the_next_up(project: Project) -> None:
    project.write(WEB)
    # Nobody runs such a pod anywhere, so the first `up` is sure to be waiting.
    project.set(wait="60", node='{"kubernetes.io/hostname": "nowhere"}')
    first = project.start("up", "--yes", "--skip-preview")
    until(
        lambda: kubectl("-n", project.namespace, "get", "deployment", "web"),
        "the Deployment is there",
    )
    first.kill()
    first.communicate(timeout=10)
    project.run("cancel", "--yes")

    project.set(replicas="0", kubernetes__enablePatchForce="true")
    assert "already exists" in project.up(fails=True)
    project.set(kubernetes__upsertExistingObjects="true")
    project.up()
    assert project.state()["web"]["id"] == f"{project.namespace}/web"
    assert kubectl("-n", project.namespace, "get", "deployment", "web")["spec"]["replicas"] == 0


def test_interrupting_a_wait_ends_it_and_keeps_the_object(project: Project) -> None:
    project.write(WEB)
    project.set(wait="100", node='{"kubernetes.io/hostname": "nowhere"}')
    running = project.start("up", "--yes", "--skip-preview")
    until(
        lambda: kubectl("-n", project.namespace, "get", "deployment", "web"),
        "the Deployment is there",
    )
    running.send_signal(signal.SIGINT)
    printed, _ = running.communicate(timeout=30)
    assert running.returncode != 0
    assert "Traceback" not in printed
    assert "a bug in" not in printed
    assert project.state()["web"]["id"] == f"{project.namespace}/web"


BROKEN = """
    def web(name, image=IMAGE, command="import time; time.sleep(600)", probe=None, node=None):
        k8s.apps.v1.Deployment(name, metadata=meta(name, timeoutSeconds=config.require("wait")),
            spec={
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"terminationGracePeriodSeconds": 1, "nodeSelector": node,
                             "containers": [{"name": "web", "image": image,
                                             "command": ["python3", "-c", command],
                                             "readinessProbe": probe}]},
                },
            })
    if config.get("mended"):
        for name in ("image", "crash", "probe", "node"):
            web(name)
    else:
        web("image", image="localhost/no-such-image:v9")
        # With a probe: a pod without one counts as ready for the moment before it crashes.
        web("crash", command="print('no database here', flush=True); raise SystemExit(7)",
            probe={"exec": {"command": ["true"]}, "initialDelaySeconds": 5})
        web("probe", probe={"exec": {"command": ["python3", "-c", "print('no page'); exit(3)"]},
                            "periodSeconds": 1})
        web("node", node={"kubernetes.io/hostname": "nowhere"})
    """


@pytest.mark.long
def test_failed_deployments_say_why_and_stay_in_the_state(
    project: Project, runs_pods: None
) -> None:
    project.write(BROKEN)
    project.set(wait="8")
    printed = project.up(fails=True)
    state = project.state()
    for name, reasons in {
        "image": ["localhost/no-such-image:v9", "Image"],
        "crash": ["exit code 7", "no database here"],
        "probe": ["Readiness probe failed", "no page"],
        "node": ["can't be scheduled", "didn't match Pod's node affinity"],
    }.items():
        assert f"Deployment '{name}' was not ready after 8 s" in printed
        assert all(reason in printed for reason in reasons), printed
        kept = state[name]
        assert kept["id"] == f"{project.namespace}/{name}"
        assert kept["initErrors"]

    project.set(mended="yes", wait="60")
    assert "4 updated" in project.up(), "what failed is changed, not made again"
    assert not any(resource.get("initErrors") for resource in project.state().values())


@pytest.mark.long
def test_a_job_is_waited_for_and_its_failure_told(project: Project, runs_pods: None) -> None:
    project.write(
        """
    k8s.batch.v1.Job("migrate", metadata=meta("migrate", timeoutSeconds="60"),
        spec={"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "migrate", "image": IMAGE,
                            "command": ["python3", "-c", config.require("command")]}]}}})
    """
    )
    project.set(command="print('no table', flush=True); raise SystemExit(4)")
    printed = project.up(fails=True)
    assert "Job 'migrate' has failed" in printed
    assert "exit code 4" in printed
    assert "no table" in printed

    project.set(command="print('done')")
    project.up()
    status = kubectl("-n", project.namespace, "get", "job", "migrate")["status"]
    assert status["succeeded"] == 1, "a Job's template is replaced, and the new one has completed"


def test_skip_await_does_not_wait_for_what_never_comes(project: Project) -> None:
    project.write(
        """
    for number in range(3):
        k8s.core.v1.Service(f"empty-{number}",
            metadata=meta(f"empty-{number}", skipAwait="true", timeoutSeconds="2"),
            spec={"selector": {"app": "nobody"}, "ports": [{"port": 80}]})
    """
    )
    project.up()


def test_a_service_without_pods_fails_and_names_its_selector(project: Project) -> None:
    project.write(
        """
    k8s.core.v1.Service("empty", metadata=meta("empty", timeoutSeconds="2"),
        spec={"selector": {"app": "nobody"}, "ports": [{"port": 80}]})
    """
    )
    printed = project.up(fails=True)
    assert "no pod has the labels of its selector, app=nobody" in printed


def test_a_mutable_secret_changes_in_place_and_never_shows(project: Project) -> None:
    project.write(
        """
    secret = k8s.core.v1.Secret("login", metadata=meta("login"),
        string_data={"password": config.require("password")})
    pulumi.export("login", secret.data)
    """
    )
    project.set(kubernetes__enableSecretMutable="true")
    project.run("config", "set", "password", "first-secret", "--secret")
    project.up()
    uid = kubectl("-n", project.namespace, "get", "secret", "login")["metadata"]["uid"]

    project.run("config", "set", "password", "second-secret", "--secret")
    shown = project.run("preview", "--diff") + project.up()
    live = kubectl("-n", project.namespace, "get", "secret", "login")
    assert live["metadata"]["uid"] == uid
    assert live["data"]["password"] == "c2Vjb25kLXNlY3JldA=="

    stored = next((project.folder / "state").rglob("stacks/**/test.json")).read_text()
    for plain in ("first-secret", "second-secret", "c2Vjb25kLXNlY3JldA"):
        assert plain not in shown
        assert plain not in stored


def test_what_is_not_done_is_refused_by_name(project: Project) -> None:
    project.write("k8s.core.v1.ConfigMapPatch('p', metadata=meta('settings'), data={'a': 'b'})")
    assert "patch resource kubernetes:core/v1:ConfigMapPatch" in project.up(fails=True)
    project.write(CONFIG_MAP)
    project.set(kubernetes__enableServerSideApply="false")
    assert "client-side apply" in project.up(fails=True)


def test_the_programs_output_comes_live_and_its_error_once(project: Project) -> None:
    project.write("print('before'); raise RuntimeError('the program broke')")
    printed = project.up(fails=True)
    assert "before" in printed
    assert printed.count("RuntimeError: the program broke") == 1
    assert "run_program.py" not in printed, "the frames shown are the user's own"
    assert "non-zero" not in printed

    project.write("import sys; sys.exit(3)")
    assert "exited with code 3" in project.up(fails=True)
