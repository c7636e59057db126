"""The node's own address: a bridge that pods reach, and translation of what leaves them."""

import json

from local.addresses import (
    ALERTMANAGER_PORT,
    LOOPBACK,
    NODE_ADDRESS,
    NODE_BRIDGE,
    NODE_NETWORK,
    POD_BRIDGE,
    POD_NETWORK,
    PROMETHEUS_PORT,
)
from local.commands import run
from local.parts.base import Part, State
from local.problems import CommandFailedError, NotReadyError
from local.stack import NodeKind

NFT_TABLE = "legal-ai-local"
# Pods on one bridge answer each other directly, past the translation of a Service's address:
# such connections go through the node both ways. The rest hides behind the node's address.
# Prometheus listens on one address only, which is the node's: loopback leads there.
NFT_RULES = f"""
table ip {NFT_TABLE}
delete table ip {NFT_TABLE}
table ip {NFT_TABLE} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat + 10; policy accept;
    ip saddr {POD_NETWORK} ip daddr {POD_NETWORK} ct status dnat masquerade
    ip saddr {POD_NETWORK} ip daddr != {{ {POD_NETWORK}, {NODE_NETWORK} }} masquerade
  }}
  chain output {{
    type nat hook output priority -100; policy accept;
    ip daddr {LOOPBACK} tcp dport {PROMETHEUS_PORT} dnat to {NODE_ADDRESS}
    ip daddr {LOOPBACK} tcp dport {ALERTMANAGER_PORT} dnat to {NODE_ADDRESS}
  }}
}}
"""


class Network(Part):
    """The bridge and its rules; no process."""

    name = "network"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("packages",)

    def check(self) -> None:
        """Raise NotReadyError unless the bridge is up with its address."""
        try:
            shown = json.loads(run(["ip", "-json", "address", "show", "dev", NODE_BRIDGE]))
        except CommandFailedError as error:
            raise NotReadyError(f"no bridge {NODE_BRIDGE}") from error
        addresses = {entry["local"] for link in shown for entry in link.get("addr_info", [])}
        if NODE_ADDRESS not in addresses or "UP" not in shown[0]["flags"]:
            raise NotReadyError(f"{NODE_BRIDGE} is down or lacks {NODE_ADDRESS}")

    def state(self) -> State:
        """Return what it does now."""
        if not self.wanted:
            return State.UNUSED
        try:
            self.check()
        except NotReadyError:
            return State.STOPPED
        return State.HEALTHY

    def start(self) -> None:
        """Make the bridge and the rules, or mend them."""
        if self.state() is not State.HEALTHY:
            with self.stack.report.step(f"start {self.name}"):
                if not exists(NODE_BRIDGE):
                    run(["ip", "link", "add", NODE_BRIDGE, "type", "bridge"])
                run(["ip", "address", "replace", f"{NODE_ADDRESS}/24", "dev", NODE_BRIDGE])
                run(["ip", "link", "set", NODE_BRIDGE, "up"])
        run(["nft", "-f", "-"], stdin=NFT_RULES)

    def stop(self) -> bool:
        """Remove the bridges and the rules."""
        found = [bridge for bridge in (NODE_BRIDGE, POD_BRIDGE) if exists(bridge)]
        for bridge in found:
            run(["ip", "link", "delete", bridge])
        delete_table("ip", NFT_TABLE)
        return bool(found)


def exists(bridge: str) -> bool:
    """Whether there is a device of that name."""
    try:
        run(["ip", "link", "show", "dev", bridge])
    except CommandFailedError:
        return False
    return True


def delete_table(family: str, table: str) -> None:
    """Delete an nftables table if it is there."""
    try:
        run(["nft", "list", "table", family, table])
    except CommandFailedError:
        return
    run(["nft", "delete", "table", family, table])
