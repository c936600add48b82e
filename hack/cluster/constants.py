"""Names, addresses and versions of the embedded cluster, in one place.

The add-ons, the demo and the tests import these: the DNS address that kubelet hands to pods must be the
address of CoreDNS's Service, and the names below are what `leftovers` recognises as ours.
"""

from __future__ import annotations

import ipaddress
import re
import zlib
from dataclasses import dataclass

DEFAULT_NAME = "demo"
NAME_PATTERN = re.compile(r"[a-z][a-z0-9]{0,7}")

# Everything that could be left on the machine starts with one of these.
LINK_PREFIX = "psla-"
TABLE_PREFIX = "paddle_sla"
CGROUP_PREFIX = "paddle-sla-"
PROCESS_MARK = "PADDLE_SLA_NODE"

KUBERNETES_VERSION = "1.34.4"
PAUSE_IMAGE = "localhost/paddle-sla/pause:1"
CLUSTER_DOMAIN = "cluster.local"
API_PORT = 6443

# Where the add-ons are found; they stand in every embedded cluster under these names.
SYSTEM_NAMESPACE = "paddle-sla-system"
ENVOY_NAMESPACE = "envoy-gateway-system"
MONITORING_NAMESPACE = "monitoring"
GATEWAY_NAMESPACE = "gateway"
GATEWAY_NAME = "paddle"
GATEWAY_SELECTOR = f"gateway.envoyproxy.io/owning-gateway-name={GATEWAY_NAME}"
STORE_NAMESPACE = "store"
STORE_SERVICE = "s3"
STORE_PORT = 7070
# Of a store that only this machine can reach and that ends with the cluster: not secrets.
STORE_ACCESS_KEY = "paddle-sla-demo"
STORE_SECRET_KEY = "paddle-sla-demo-only"

# Whose writes the API server records (all writes, by anybody); tests count the operator's.
AUDITED_VERBS = ("create", "update", "patch", "delete", "deletecollection")

_FIRST_OCTETS = 10
_FIRST_SLOT = 200
_NAMED_SLOTS = {DEFAULT_NAME: 0, "e2e": 1, "test": 2}
_SLOTS = 50


@dataclass(frozen=True)
class Addresses:
    """The private /16 of one cluster, cut into services, node, link and pods."""

    whole: str
    services: str
    pods: str
    pod_gateway: str
    api_service: str
    cluster_dns: str
    node: str
    host_end: str
    node_end: str
    link_prefix: int


def check_name(name: str) -> str:
    """Return the name, or say which names are possible: it becomes part of a link's name (15 bytes)."""
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(
            f"cluster name {name!r} is not usable: give 1 to 8 lower-case letters or digits, a letter first"
        )
    return name


def slot_of(name: str) -> int:
    """Which /16 a cluster gets: fixed for the names the project uses, by checksum for others."""
    named = len(_NAMED_SLOTS)
    return _NAMED_SLOTS.get(name, named + zlib.crc32(name.encode()) % (_SLOTS - named))


def addresses_of(name: str) -> Addresses:
    """The address plan of a cluster, a function of its name alone."""
    whole = ipaddress.ip_network(f"{_FIRST_OCTETS}.{_FIRST_SLOT + slot_of(name)}.0.0/16")
    base = whole.network_address
    return Addresses(
        whole=str(whole),
        services=f"{base}/20",
        pods=f"{base + 0x4000}/18",
        pod_gateway=str(base + 0x4001),
        api_service=str(base + 1),
        cluster_dns=str(base + 10),
        node=str(base + 0x2001),
        host_end=str(base + 0x2101),
        node_end=str(base + 0x2102),
        link_prefix=30,
    )


def link_of(name: str) -> str:
    """The host's end of the veth pair into the node."""
    return f"{LINK_PREFIX}{name}"


def cgroup_of(name: str) -> str:
    """The cgroup below which kubelet puts every pod."""
    return f"{CGROUP_PREFIX}{name}"


def node_name_of(name: str) -> str:
    """The Kubernetes name of the node."""
    return f"paddle-{name}"
