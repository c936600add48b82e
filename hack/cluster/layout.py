"""Where the embedded cluster keeps its files: caches that survive, state that is fresh at every `up`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.errors import ClusterError

# Hidden inside the node's mount namespace, so state must not lie there.
_HIDDEN_IN_NODE = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))


def cache_root() -> Path:
    """The folder of everything that can be rebuilt; PADDLE_SLA_CACHE moves it."""
    root = Path(os.environ.get("PADDLE_SLA_CACHE") or Path.home() / ".cache" / "paddle-sla").resolve()
    for hidden in _HIDDEN_IN_NODE:
        if root.is_relative_to(hidden):
            raise ClusterError(
                f"the cache folder {root} lies under {hidden}, which the node covers with its own: "
                "set PADDLE_SLA_CACHE to a folder elsewhere, for instance /opt/paddle-sla"
            )
    return root


def bin_dir() -> Path:
    """Where the built programs lie: kubectl, helm, kubeconform, versitygw, ..."""
    return cache_root() / "bin"


def clusters_root() -> Path:
    """The folder of all clusters' state."""
    return cache_root() / "cluster"


@dataclass(frozen=True)
class Layout:
    """The files of one cluster, below its state folder."""

    root: Path

    @classmethod
    def of(cls, name: str) -> Layout:
        """The layout of the cluster of that name."""
        return cls(clusters_root() / name)

    @property
    def images(self) -> Path:
        """The image store of containerd: the one part that outlives `down`, so that a warm start is quick."""
        return self.root / "images"

    @property
    def fresh(self) -> Path:
        """Everything that `down` removes and `up` makes anew."""
        return self.root / "fresh"

    @property
    def etc(self) -> Path:
        """Certificates, kubeconfigs and component configuration."""
        return self.fresh / "etc"

    @property
    def kubelet(self) -> Path:
        """What the node sees as /var/lib/kubelet: pods' volumes."""
        return self.fresh / "kubelet"

    @property
    def pod_logs(self) -> Path:
        """What the node sees as /var/log: container logs."""
        return self.fresh / "var-log"

    @property
    def logs(self) -> Path:
        """One log for each component, and the audit log. Kept after `down`, until the next `up`."""
        return self.root / "logs"

    @property
    def audit_log(self) -> Path:
        """Metadata of every write to the API server, one JSON object a line."""
        return self.logs / "audit.log"

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the cluster's administrator."""
        return self.etc / "admin.kubeconfig"

    @property
    def node_status(self) -> Path:
        """What the node's first process says about its components (JSON)."""
        return self.fresh / "node.json"

    @property
    def lock(self) -> Path:
        """Held while `up` or `down` works, so that two of them never mix."""
        return self.root / "lock"
