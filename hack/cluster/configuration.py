"""The configuration files of the node, as text. Pure: paths and addresses in, file contents out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hack.cluster.constants import AUDITED_VERBS, CLUSTER_DOMAIN, PAUSE_IMAGE, Addresses

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
CNI_PROGRAMS = "/usr/lib/cni"

_CONTAINERD = """\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Lowering oom_score_adj is not permitted everywhere (nested machines); without this runc fails.
  restrict_oom_score_adj = true
  max_concurrent_downloads = 2
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_programs}"
    conf_dir = "{cni_conf}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        SystemdCgroup = false
"""


def containerd(cni_conf: Path) -> str:
    """containerd's configuration: runc with plain cgroups, our pause image, Debian's CNI programs."""
    return _CONTAINERD.format(
        socket=CONTAINERD_SOCKET, pause=PAUSE_IMAGE, cni_programs=CNI_PROGRAMS, cni_conf=cni_conf
    )


def network(addresses: Addresses) -> str:
    """The CNI network: every pod routed over a link of its own, so that all traffic passes the node's rules.

    A bridge would need br_netfilter for Services between pods of one node; routed links need no module.
    """
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "ptp",
                    "ipMasq": False,
                    "mtu": 1500,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": "/run/cni-addresses",
                        "ranges": [[{"subnet": addresses.pods, "gateway": addresses.pod_gateway}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                }
            ],
        },
        indent=2,
    )


def resolver(addresses: Addresses) -> str:
    """The node's resolv.conf names the cluster's DNS: nothing is looked up outside."""
    return f"nameserver {addresses.cluster_dns}\n"


def audit_policy() -> str:
    """Metadata of every write and of nothing else."""
    return _json(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata", "verbs": list(AUDITED_VERBS)}, {"level": "None"}],
        }
    )


def kubelet(addresses: Addresses, etc: Path, cgroup: str, plugins: Path) -> str:
    """kubelet's configuration.

    Thresholds of the disk are low because a developer's machine is often nearly full, and images are never
    collected: there is no registry to fetch them from again.
    """
    return _json(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": addresses.node,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(etc / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup}",
            "clusterDNS": [addresses.cluster_dns],
            "clusterDomain": CLUSTER_DOMAIN,
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "nodefs.inodesFree": "1%",
                "imagefs.available": "1%",
            },
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "maxPods": 110,
            "nodeStatusUpdateFrequency": "5s",
            "registerNode": True,
            "resolvConf": str(etc / "resolv.conf"),
            "serializeImagePulls": False,
            "tlsCertFile": str(etc / "kubelet-server.crt"),
            "tlsPrivateKeyFile": str(etc / "kubelet-server.key"),
            "volumePluginDir": str(plugins),
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)
