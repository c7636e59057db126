"""Our own containerd, beside a containerd that the machine may have: own root, state and socket."""

import base64
import json
import shutil
from pathlib import Path

from local.addresses import PAUSE_IMAGE, POD_BRIDGE, POD_NETWORK
from local.commands import run
from local.parts.base import Daemon
from local.problems import CommandFailedError, NotReadyError
from local.stack import NodeKind

CNI_NETWORK = "legal-ai"
CNI_PLUGINS = ("/usr/lib/cni", "/opt/cni/bin")


class Containerd(Daemon):
    """containerd with Kubernetes' runtime interface, runc and a bridge network."""

    name = "containerd"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("packages",)

    @property
    def state_folder(self) -> Path:
        """What does not outlive a stop: mounts, sockets, network namespaces."""
        return self.places.run / "containerd"

    def prepare(self) -> None:
        """Write its configuration and the pod network's."""
        self.state_folder.mkdir(parents=True, exist_ok=True)
        (self.data / "cni").mkdir(exist_ok=True)
        network = json.dumps(pod_network(self.data / "addresses"), indent=2)
        (self.data / "cni" / "10-legal-ai.conflist").write_text(network)
        (self.data / "config.toml").write_text(self.config())

    def config(self) -> str:
        """Return containerd's configuration.

        restrict_oom_score_adj: without CAP_SYS_RESOURCE no sandbox starts otherwise.
        """
        cri = 'plugins."io.containerd.grpc.v1.cri"'
        plugins = next((path for path in CNI_PLUGINS if Path(path, "bridge").exists()), "")
        q = json.dumps  # a JSON string is a TOML string
        return f"""
version = 2
root = {q(str(self.data / "root"))}
state = {q(str(self.state_folder))}
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = {q(str(self.places.containerd_socket))}
[ttrpc]
  address = {q(str(self.places.containerd_socket) + ".ttrpc")}
[{cri}]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
[{cri}.cni]
  bin_dir = {q(plugins)}
  conf_dir = {q(str(self.data / "cni"))}
[{cri}.containerd]
  default_runtime_name = "runc"
[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[{cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = {q(str(self.state_folder / "runc"))}
"""

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return ["containerd", "--config", str(self.data / "config.toml")]

    def check(self) -> None:
        """Raise NotReadyError unless it answers on its socket."""
        try:
            self.ctr("version", timeout=5)
        except CommandFailedError as error:
            raise NotReadyError("containerd does not answer") from error

    def ctr(self, *words: str | Path, namespace: str = "k8s.io", timeout: float = 120) -> str:
        """Call containerd's own client."""
        socket = self.places.containerd_socket
        return run(["ctr", "--address", socket, "--namespace", namespace, *words], timeout=timeout)

    def can_run_containers(self) -> None:
        """Run a container and make a network device; raise CommandFailedError where that fails."""
        probe = "legal-ai-probe"
        run(["ip", "link", "add", "legal-probe0", "type", "veth", "peer", "name", "legal-probe1"])
        run(["ip", "link", "delete", "legal-probe0"])
        self.clear(probe)
        self.ctr("run", "--rm", "--snapshotter=overlayfs", f"--runc-root={self.state_folder}/runc",
                 PAUSE_IMAGE, probe, "/pause", "-once")  # fmt: skip

    def clear(self, container: str) -> None:
        """Remove what an interrupted probe left."""
        if container in self.ctr("containers", "list", "--quiet").split():
            if container in self.ctr("tasks", "list", "--quiet").split():
                self.ctr("tasks", "delete", "--force", container)
            self.ctr("containers", "delete", container)

    def forget_networks(self) -> None:
        """Remove what the pod network keeps outside of our folder."""
        shutil.rmtree(self.data / "addresses", ignore_errors=True)
        for result in list(Path("/var/lib/cni/results").glob(f"{CNI_NETWORK}-*")):
            config = base64.b64decode(json.loads(result.read_text()).get("config", ""))
            if str(self.data).encode() in config:
                container = json.loads(result.read_text())["containerId"]
                for cached in result.parent.glob(f"*-{container}-*"):
                    cached.unlink()


def pod_network(addresses: Path) -> dict[str, object]:
    """Return the pod network's configuration; `addresses` is where it notes which are given out."""
    return {
        "cniVersion": "0.4.0",
        "name": CNI_NETWORK,
        "plugins": [
            {
                "type": "bridge",
                "bridge": POD_BRIDGE,
                "isGateway": True,
                "ipMasq": False,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(addresses),
                    "ranges": [[{"subnet": POD_NETWORK}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
