"""etcd: where the API server keeps its objects."""

from local.addresses import ETCD_PEER_PORT, ETCD_PORT, LOOPBACK
from local.parts.base import Daemon, expect_http

CLIENT_URL = f"http://{LOOPBACK}:{ETCD_PORT}"
PEER_URL = f"http://{LOOPBACK}:{ETCD_PEER_PORT}"


class Etcd(Daemon):
    """One member; not synced to disk at each write, as nothing here must survive a power cut."""

    name = "etcd"
    needs = ("packages",)
    ports = (ETCD_PORT, ETCD_PEER_PORT)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            "etcd",
            "--name=local",
            f"--data-dir={self.data}",
            f"--listen-client-urls={CLIENT_URL}",
            f"--advertise-client-urls={CLIENT_URL}",
            f"--listen-peer-urls={PEER_URL}",
            f"--initial-advertise-peer-urls={PEER_URL}",
            f"--initial-cluster=local={PEER_URL}",
            "--unsafe-no-fsync",
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=1h",
        ]

    def prepare(self) -> None:
        """Keep the data to ourselves."""
        self.data.chmod(0o700)

    def check(self) -> None:
        """Raise NotReadyError unless it has a leader and answers."""
        expect_http(f"{CLIENT_URL}/health")
