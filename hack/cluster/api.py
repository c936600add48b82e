"""What the add-ons, the demo and the tests may do with a running embedded cluster."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import constants
from hack.cluster.commands import run
from hack.cluster.constants import Addresses
from hack.cluster.errors import NotReady
from hack.cluster.layout import Layout, bin_dir
from hack.cluster.processes import first_process

_KUBECTL_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class ClusterInfo:
    """A cluster by name: its paths and addresses, and the few things that are done from outside of it."""

    name: str

    @property
    def layout(self) -> Layout:
        """All files of the cluster."""
        return Layout.of(self.name)

    @property
    def addresses(self) -> Addresses:
        """Address plan: services, pods, cluster DNS, node."""
        return constants.addresses_of(self.name)

    @property
    def kubeconfig(self) -> Path:
        """Administrator's credentials, usable from the host."""
        return self.layout.kubeconfig

    @property
    def bin_dir(self) -> Path:
        """kubectl, helm, kubeconform and the servers that the images are made of."""
        return bin_dir()

    @property
    def node_name(self) -> str:
        """Kubernetes name of the one node."""
        return constants.node_name_of(self.name)

    @property
    def audit_log(self) -> Path:
        """Metadata of every write, one JSON object a line."""
        return self.layout.audit_log

    @property
    def environment(self) -> dict[str, str]:
        """Variables for programs that use the cluster."""
        return {"KUBECONFIG": str(self.kubeconfig)}

    def exports(self) -> dict[str, str]:
        """What a shell or a test needs to use the cluster; add-ons that are not there yet are left out."""
        found = {
            "KUBECONFIG": str(self.kubeconfig),
            "CLUSTER_BIN": str(self.bin_dir),
            "HOST_ADDRESS": self.addresses.host_end,
        }
        gateway = self.service_address(constants.ENVOY_NAMESPACE, selector=constants.GATEWAY_SELECTOR)
        if gateway:
            found["GATEWAY_URL"] = f"http://{gateway}"
        store = self.service_address(constants.STORE_NAMESPACE, name=constants.STORE_SERVICE)
        if store:
            found |= {
                "S3_ENDPOINT": f"http://{store}:{constants.STORE_PORT}",
                "S3_ACCESS_KEY": constants.STORE_ACCESS_KEY,
                "S3_SECRET_KEY": constants.STORE_SECRET_KEY,
            }
        return found

    def service_address(self, namespace: str, *, name: str = "", selector: str = "") -> str:
        """The cluster address of a Service, reachable from the machine; empty when there is none."""
        which = ["-l", selector] if selector else [f"--field-selector=metadata.name={name}"]
        shape = "jsonpath={.items[0].spec.clusterIP}"
        shown = self.kubectl("-n", namespace, "get", "service", *which, "-o", shape, check=False)
        return shown.stdout.strip() if shown.returncode == 0 else ""

    def kubectl(
        self,
        *arguments: str,
        stdin: str | bytes | None = None,
        timeout: float = _KUBECTL_TIMEOUT_SECONDS,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run the built kubectl as administrator."""
        argv: list[str | Path] = [self.bin_dir / "kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return run(argv, stdin=stdin, timeout=timeout, check=check)

    def enter_prefix(self) -> tuple[str, ...]:
        """Arguments to put before a command that shall run in the node's namespaces."""
        first = first_process(self.name)
        if first is None:
            raise NotReady(f"cluster {self.name!r} is not running: start it with `python -m hack.cluster up`")
        namespaces = ("--mount", "--net", "--pid", "--ipc", "--uts")
        return ("nsenter", f"--target={first}", *namespaces, "--")

    def in_node(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside the node's namespaces, as root of the machine."""
        return run([*self.enter_prefix(), *argv], stdin=stdin, env=env, timeout=timeout, check=check)

    def ctr(self, *arguments: str, timeout: float = 300.0, check: bool = True) -> str:
        """Run containerd's client on the namespace that Kubernetes uses; returns its output."""
        return self.in_node(["ctr", "-n", "k8s.io", *arguments], timeout=timeout, check=check).stdout

    def images(self) -> frozenset[str]:
        """Names of the images that the node has."""
        return frozenset(self.ctr("images", "ls", "-q").split())

    def load(self, archive: Path, *, timeout: float = 600.0) -> None:
        """Hand an OCI archive to the node; its images are then there without any registry."""
        self.ctr("images", "import", "--snapshotter", "overlayfs", str(archive.resolve()), timeout=timeout)

    def container_id(self, namespace: str, pod: str, container: str) -> str:
        """The id of a pod's running container, as containerd knows it."""
        shown = json.loads(self.kubectl("-n", namespace, "get", "pod", pod, "-o", "json").stdout)
        statuses = shown["status"].get("containerStatuses", []) + shown["status"].get(
            "initContainerStatuses", []
        )
        for status in statuses:
            if status["name"] == container and "running" in status["state"]:
                return str(status["containerID"]).removeprefix("containerd://")
        raise NotReady(f"container {container} of pod {namespace}/{pod} is not running")

    def kill_container(self, namespace: str, pod: str, container: str, *, signal: int = 9) -> None:
        """Send a signal to every process of a container, as the kernel's memory killer would."""
        identity = self.container_id(namespace, pod, container)
        self.ctr("tasks", "kill", "--all", "--signal", str(signal), identity)

    def kill_component(self, component: str, *, signal: int = 9) -> None:
        """Send a signal to kubelet, kube-apiserver, ...: the node's first process starts it again."""
        components = json.loads(self.layout.node_status.read_text())["components"]
        if component not in components:
            raise NotReady(f"no component {component!r}; the node runs {', '.join(sorted(components))}")
        self.in_node(["kill", f"-{signal}", str(components[component]["pid"])])
