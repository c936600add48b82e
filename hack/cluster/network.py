"""The network of a cluster: one veth pair from the machine into the node's own network namespace.

There is no named namespace: it belongs to the node's first process and goes with it, link and route included,
whatever way that process ends. Nothing leaves the machine: the node has no route outwards.
"""

from __future__ import annotations

import ipaddress
import json
import time
from pathlib import Path
from typing import Any

from hack.cluster.commands import run
from hack.cluster.constants import LINK_PREFIX, TABLE_PREFIX, Addresses, link_of
from hack.cluster.errors import ClusterError

_UPLINK = "uplink"
_BRIDGE = "node0"
_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    # A refusal is sent for every packet without a way out, so that callers fail at once.
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
}


def links() -> list[str]:
    """Links of ours on the machine, of all clusters."""
    return [entry["ifname"] for entry in _ip("link") if entry["ifname"].startswith(LINK_PREFIX)]


def routes() -> list[dict[str, Any]]:
    """All IPv4 routes of the machine."""
    return _ip("-4", "route")


def tables() -> list[str]:
    """Packet filter tables of ours on the machine itself: none is ever made, all live in the node."""
    shown = run(["nft", "list", "tables"], check=False).stdout.splitlines()
    return [line.removeprefix("table ") for line in shown if TABLE_PREFIX in line]


def _ip(*arguments: str) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads(run(["ip", "-json", *arguments]).stdout or "[]")
    return parsed


def conflicts(addresses: Addresses, known: list[dict[str, Any]]) -> list[str]:
    """Routes that overlap the cluster's range; its own link is removed before this is asked."""
    whole = ipaddress.ip_network(addresses.whole)
    return [
        f"{route['dst']} dev {route.get('dev', '?')}"
        for route in known
        if route["dst"] != "default" and ipaddress.ip_network(route["dst"]).overlaps(whole)
    ]


def check_free(name: str, addresses: Addresses) -> None:
    """Say so when the machine already uses the range that this cluster's name gives it."""
    taken = conflicts(addresses, routes())
    if taken:
        raise ClusterError(
            f"cluster {name!r} would use {addresses.whole}, but the machine already routes "
            f"{'; '.join(taken)}: give another --name, whose range differs"
        )


def prepare_inside(addresses: Addresses) -> None:
    """Run by the node's first process: addresses and routes of the node's own namespace."""
    for setting, value in _SETTINGS.items():
        (Path("/proc/sys") / setting).write_text(value)
    for command in (
        "link set lo up",
        f"link add {_BRIDGE} type bridge",
        f"addr add {addresses.node}/32 dev {_BRIDGE}",
        f"link set {_BRIDGE} up",
        # Service addresses need a route before kube-proxy's rules turn them into a pod's.
        f"route add {addresses.services} dev {_BRIDGE}",
        "route add unreachable default",
    ):
        run(["ip", *command.split()])


def is_linked(name: str, addresses: Addresses) -> bool:
    """Whether the machine has its end of the link and the route over it."""
    return link_of(name) in links() and any(
        route["dst"] == addresses.whole and route.get("dev") == link_of(name) for route in routes()
    )


def ensure_link(name: str, addresses: Addresses, first_pid: int) -> None:
    """Connect the machine with the node's namespace; makes a half-made link anew."""
    if is_linked(name, addresses):
        return
    link = link_of(name)
    remove_link(name)
    run(["ip", "link", "add", link, "type", "veth", "peer", "name", _UPLINK, "netns", str(first_pid)])
    inside = ("nsenter", f"--target={first_pid}", "--net", "--")
    prefix = addresses.link_prefix
    run([*inside, "ip", "addr", "add", f"{addresses.node_end}/{prefix}", "dev", _UPLINK])
    run([*inside, "ip", "link", "set", _UPLINK, "up"])
    run(["ip", "addr", "add", f"{addresses.host_end}/{prefix}", "dev", link])
    run(["ip", "link", "set", link, "up"])
    run(["ip", "route", "add", addresses.whole, "via", addresses.node_end, "dev", link])


def remove_link(name: str, *, timeout: float = 10.0) -> bool:
    """Remove the link (its route goes with it); True when it is gone."""
    deadline = time.monotonic() + timeout
    while link_of(name) in links():
        run(["ip", "link", "del", link_of(name)], check=False)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
