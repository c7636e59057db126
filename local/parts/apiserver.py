"""The Kubernetes API server."""

from local import credentials
from local.addresses import APISERVER_PORT, NODE_ADDRESS, SERVICE_NETWORK
from local.parts.base import Daemon
from local.parts.etcd import CLIENT_URL


class ApiServer(Daemon):
    """Listens on every address, as pods reach it over the node's bridge."""

    name = "apiserver"
    needs = ("build cluster", "etcd", "node")
    ports = (APISERVER_PORT,)
    # Everything is in etcd; it would wait for its watches much longer.
    grace_seconds = 3

    def prepare(self) -> None:
        """Make keys, tokens and kubeconfigs."""
        credentials.ensure(self.places)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        keys = self.places.credentials
        advertise = [f"--advertise-address={NODE_ADDRESS}"] if self.stack.node_network else []
        return [
            str(self.places.bin / "kube-apiserver"),
            f"--etcd-servers={CLIENT_URL}",
            "--bind-address=0.0.0.0",
            *advertise,
            f"--secure-port={APISERVER_PORT}",
            f"--service-cluster-ip-range={SERVICE_NETWORK}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--token-auth-file={keys / 'tokens.csv'}",
            f"--tls-cert-file={keys / 'apiserver.crt'}",
            f"--tls-private-key-file={keys / 'apiserver.key'}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={keys / 'service-accounts.key'}",
            f"--service-account-signing-key-file={keys / 'service-accounts.key'}",
            f"--kubelet-client-certificate={keys / 'apiserver-kubelet.crt'}",
            f"--kubelet-client-key={keys / 'apiserver-kubelet.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            "--allow-privileged",
            "--profiling=false",
        ]

    def check(self) -> None:
        """Raise NotReadyError until every part of it is ready."""
        self.stack.api.text("/readyz")
