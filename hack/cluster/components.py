"""The programs that make up the control plane and the node: their arguments and who waits for whom. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.constants import API_PORT, Addresses

# What a component waits for before it starts; the node's first process knows how to ask.
NOTHING, ETCD, API, CONTAINERD = "nothing", "etcd", "api", "containerd"

_ETCD_URL = "http://127.0.0.1:2379"
ETCD_HEALTH = f"{_ETCD_URL}/health"


@dataclass(frozen=True)
class Component:
    """One long-running program of the node."""

    name: str
    argv: tuple[str, ...]
    after: str = NOTHING


@dataclass(frozen=True)
class Plan:
    """All that the arguments depend on."""

    bin_dir: Path
    etc: Path
    audit_log: Path
    node_name: str
    addresses: Addresses

    def file(self, name: str) -> str:
        """The full path of a file in the configuration folder."""
        return str(self.etc / name)


def etcd(plan: Plan) -> Component:
    """The store, in memory of the bundle: no fsync, because nothing shall outlive the node."""
    return Component(
        "etcd",
        (
            *("etcd", "--name=node", "--data-dir=/run/etcd", "--unsafe-no-fsync", "--log-level=warn"),
            *(f"--listen-client-urls={_ETCD_URL}", f"--advertise-client-urls={_ETCD_URL}"),
            *("--listen-peer-urls=http://127.0.0.1:2380", "--quota-backend-bytes=1073741824"),
        ),
    )


def apiserver(plan: Plan) -> Component:
    """The API server, with aggregation, audit of writes, and Pod Security as it is by default."""
    file, addresses = plan.file, plan.addresses
    flags = {
        "advertise-address": addresses.node,
        "allow-privileged": "true",
        "audit-log-maxage": "1",
        "audit-log-maxbackup": "2",
        "audit-log-maxsize": "200",
        "audit-log-path": str(plan.audit_log),
        "audit-policy-file": file("audit-policy.json"),
        "authorization-mode": "Node,RBAC",
        "client-ca-file": file("ca.crt"),
        "enable-admission-plugins": "NodeRestriction",
        "etcd-servers": _ETCD_URL,
        "kubelet-certificate-authority": file("ca.crt"),
        "kubelet-client-certificate": file("apiserver-kubelet-client.crt"),
        "kubelet-client-key": file("apiserver-kubelet-client.key"),
        "kubelet-preferred-address-types": "InternalIP",
        "proxy-client-cert-file": file("front-proxy-client.crt"),
        "proxy-client-key-file": file("front-proxy-client.key"),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": file("front-proxy-ca.crt"),
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": str(API_PORT),
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": file("service-account.key"),
        "service-account-signing-key-file": file("service-account.key"),
        "service-cluster-ip-range": addresses.services,
        "shutdown-delay-duration": "0s",
        "tls-cert-file": file("apiserver.crt"),
        "tls-private-key-file": file("apiserver.key"),
    }
    return Component("kube-apiserver", _argv(plan, "kube-apiserver", flags), after=ETCD)


def controller_manager(plan: Plan) -> Component:
    """Starts only when /readyz is 200: earlier it exits for good on a role that is not there yet."""
    flags = {
        "allocate-node-cidrs": "false",
        "cluster-cidr": plan.addresses.pods,
        "cluster-signing-cert-file": plan.file("ca.crt"),
        "cluster-signing-key-file": plan.file("ca.key"),
        "kubeconfig": plan.file("controller-manager.kubeconfig"),
        "leader-elect": "false",
        "root-ca-file": plan.file("ca.crt"),
        "service-account-private-key-file": plan.file("service-account.key"),
        "service-cluster-ip-range": plan.addresses.services,
        "use-service-account-credentials": "true",
    }
    return Component("kube-controller-manager", _argv(plan, "kube-controller-manager", flags), after=API)


def scheduler(plan: Plan) -> Component:
    """The scheduler, alone and so without an election."""
    flags = {"kubeconfig": plan.file("scheduler.kubeconfig"), "leader-elect": "false"}
    return Component("kube-scheduler", _argv(plan, "kube-scheduler", flags), after=API)


def containerd(plan: Plan) -> Component:
    """The container runtime; its image store is the only thing that outlives the node."""
    return Component("containerd", ("containerd", f"--config={plan.file('containerd.toml')}"))


def kubelet(plan: Plan) -> Component:
    """kubelet, under a cgroup of ours so that its leftovers can be told from anybody else's."""
    flags = {
        "config": plan.file("kubelet.json"),
        "hostname-override": plan.node_name,
        "kubeconfig": plan.file("kubelet.kubeconfig"),
        "node-ip": plan.addresses.node,
        "root-dir": "/var/lib/kubelet",
        "v": "2",
    }
    return Component("kubelet", _argv(plan, "kubelet", flags), after=CONTAINERD)


def kube_proxy(plan: Plan) -> Component:
    """Service addresses; it may not write the conntrack sysctls from inside a namespace."""
    flags = {
        "cluster-cidr": plan.addresses.pods,
        "conntrack-max-per-core": "0",
        "conntrack-tcp-timeout-close-wait": "0s",
        "conntrack-tcp-timeout-established": "0s",
        "hostname-override": plan.node_name,
        "kubeconfig": plan.file("kube-proxy.kubeconfig"),
        "proxy-mode": "nftables",
    }
    return Component("kube-proxy", _argv(plan, "kube-proxy", flags), after=API)


COMPONENTS = (
    *("etcd", "containerd", "kube-apiserver", "kubelet"),
    *("kube-controller-manager", "kube-scheduler", "kube-proxy"),
)
_BUILDERS: tuple[Callable[[Plan], Component], ...] = (
    *(etcd, containerd, apiserver, kubelet),
    *(controller_manager, scheduler, kube_proxy),
)


def all_components(plan: Plan) -> tuple[Component, ...]:
    """Every component, in the order in which they are started."""
    return tuple(build(plan) for build in _BUILDERS)


def _argv(plan: Plan, program: str, flags: dict[str, str]) -> tuple[str, ...]:
    return (str(plan.bin_dir / program), *(f"--{name}={value}" for name, value in sorted(flags.items())))
