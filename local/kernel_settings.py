"""Kernel settings that the kubelet, its proxy and the pod network change: put back by `down`."""

import contextlib
import json
from pathlib import Path

from local.places import Places

SYSCTL = Path("/proc/sys")
CHANGED = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
)


def remember(places: Places) -> None:
    """Note what the settings are before anything of ours has changed them."""
    note = places.data("kernel-settings.json")
    if not note.exists():
        found = {name: (SYSCTL / name).read_text() for name in CHANGED if (SYSCTL / name).exists()}
        note.write_text(json.dumps(found, indent=2))


def put_back(places: Places) -> None:
    """Write what was noted, as far as the kernel lets us."""
    note = places.data("kernel-settings.json")
    if note.exists():
        for name, value in json.loads(note.read_text()).items():
            with contextlib.suppress(OSError):
                (SYSCTL / name).write_text(value)
        note.unlink()
