"""The controllers: from Deployments to Pods, endpoints, namespaces, Jobs, budgets."""

from local.addresses import CONTROLLER_MANAGER_PORT, LOOPBACK
from local.parts.base import Daemon, expect_http


class ControllerManager(Daemon):
    """kube-controller-manager, alone, so that it needs no election."""

    name = "controller-manager"
    needs = ("apiserver",)
    ports = (CONTROLLER_MANAGER_PORT,)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        keys = self.places.credentials
        kubeconfig = keys / "controller-manager.kubeconfig"
        return [
            str(self.places.bin / "kube-controller-manager"),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={CONTROLLER_MANAGER_PORT}",
            f"--cert-dir={self.data}",
            f"--flex-volume-plugin-dir={self.data / 'volume-plugins'}",
            f"--root-ca-file={keys / 'ca.crt'}",
            f"--service-account-private-key-file={keys / 'service-accounts.key'}",
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--kube-api-qps=100",
            "--kube-api-burst=200",
            "--profiling=false",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it says that it is well."""
        expect_http(f"https://{LOOPBACK}:{CONTROLLER_MANAGER_PORT}/healthz", verify=False)
