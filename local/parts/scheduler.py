"""The scheduler: gives pods their node."""

from local.addresses import LOOPBACK, SCHEDULER_PORT
from local.parts.base import Daemon, expect_http


class Scheduler(Daemon):
    """kube-scheduler, alone, so that it needs no election."""

    name = "scheduler"
    needs = ("apiserver",)
    ports = (SCHEDULER_PORT,)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        kubeconfig = self.places.credentials / "scheduler.kubeconfig"
        return [
            str(self.places.bin / "kube-scheduler"),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={SCHEDULER_PORT}",
            f"--cert-dir={self.data}",
            "--leader-elect=false",
            "--kube-api-qps=100",
            "--kube-api-burst=200",
            "--profiling=false",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it says that it is well."""
        expect_http(f"https://{LOOPBACK}:{SCHEDULER_PORT}/healthz", verify=False)
