"""The provider's configuration and kubeconfigs: what is found, taken and refused."""

from pathlib import Path

import pytest
import yaml

from local.plugins.kubernetes import kubeconfig, settings
from local.plugins.kubernetes.kubeconfig import KubeconfigError
from local.plugins.kubernetes.objects import Kind
from local.plugins.kubernetes.settings import UnsupportedSettingError
from local.plugins.kubernetes.tokens import kind_of_urn
from local.plugins.problems import RefusedError

CONFIG = {
    "current-context": "one",
    "clusters": [
        {
            "name": "c1",
            "cluster": {"server": "https://one:6443/", "insecure-skip-tls-verify": True},
        },
        {"name": "c2", "cluster": {"server": "http://two", "proxy-url": "http://p"}},
    ],
    "users": [{"name": "u", "user": {"token": "secret"}}],
    "contexts": [
        {"name": "one", "context": {"cluster": "c1", "user": "u", "namespace": "shop"}},
        {"name": "two", "context": {"cluster": "c2", "user": "u"}},
    ],
}


def test_values_come_as_json_texts() -> None:
    read = settings.read(
        {
            "kubernetes:config:enableSecretMutable": "true",
            "kubernetes:config:upsertExistingObjects": '"true"',
            "kubernetes:config:namespace": '"shop"',
        }
    )
    assert (read.secrets_mutable, read.upsert, read.namespace) == (True, True, "shop")
    assert not read.config_maps_mutable


def test_the_environment_counts_where_the_config_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
    assert settings.read({}).patch_force
    assert not settings.read({"kubernetes:config:enablePatchForce": "false"}).patch_force


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("enableServerSideApply", "false", "client-side apply"),
        ("renderYamlToDirectory", "/tmp/x", "renderYamlToDirectory"),
        ("enableSecretMutabel", "true", "kubernetes:enableSecretMutabel"),
    ],
)
def test_a_setting_that_is_not_done_is_refused_by_name(key: str, value: str, says: str) -> None:
    with pytest.raises(UnsupportedSettingError, match=says):
        settings.read({f"kubernetes:config:{key}": value})


def test_a_kubeconfig_may_be_a_path_or_its_own_text(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(CONFIG))
    for given in (str(file), file.read_text()):
        found = kubeconfig.load(given)
        assert found.server == "https://one:6443"
        assert found.namespace == "shop"
        assert found.credentials.bearer() == "secret"
        assert found.insecure


def test_without_a_setting_the_environment_names_the_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(CONFIG))
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert kubeconfig.load(namespace="other").namespace == "other"
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    with pytest.raises(KubeconfigError, match="make up"):
        kubeconfig.load()


@pytest.mark.parametrize(
    ("context", "says"), [("three", "'three' is not in the kubeconfig; it has 'one', 'two'"),
                          ("two", "proxy-url")]
)  # fmt: skip
def test_a_context_that_can_not_be_used_is_named(context: str, says: str) -> None:
    with pytest.raises(KubeconfigError, match=says):
        kubeconfig.load(yaml.safe_dump(CONFIG), context=context)


def test_a_credentials_command_is_run_once_while_its_token_lasts(tmp_path: Path) -> None:
    script = tmp_path / "login"
    script.write_text(
        "#!/bin/sh\necho x >> " + str(tmp_path / "calls") + "\n"
        'echo \'{"status": {"token": "fresh", "expirationTimestamp": "2999-01-01T00:00:00Z"}}\'\n'
    )
    script.chmod(0o755)
    users = [{"name": "u", "user": {"exec": {"command": str(script)}}}]
    credentials = kubeconfig.load(yaml.safe_dump({**CONFIG, "users": users})).credentials
    assert [credentials.bearer(), credentials.bearer()] == ["fresh", "fresh"]
    assert (tmp_path / "calls").read_text().count("x") == 1


def test_a_credentials_command_that_fails_is_told_with_its_words() -> None:
    users = [
        {"name": "u", "user": {"exec": {"command": "sh", "args": ["-c", "echo no >&2; exit 3"]}}}
    ]
    credentials = kubeconfig.load(yaml.safe_dump({**CONFIG, "users": users})).credentials
    with pytest.raises(KubeconfigError, match="exit code 3: no"):
        credentials.bearer()


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:core/v1:Service", Kind("", "v1", "Service")),
        ("kubernetes:apps/v1:Deployment", Kind("apps", "v1", "Deployment")),
        (
            "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
            Kind("gateway.networking.k8s.io", "v1", "HTTPRoute"),
        ),
    ],
)
def test_a_type_token_names_a_kind(token: str, kind: Kind) -> None:
    assert kind_of_urn(f"urn:pulumi:dev::shop::my:mod:Parent${token}::name") == kind


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:core/v1:PodList",
    ],
)
def test_what_is_no_plain_object_is_refused_by_its_token(token: str) -> None:
    with pytest.raises(RefusedError, match=token):
        kind_of_urn(f"urn:pulumi:dev::shop::{token}::name")
