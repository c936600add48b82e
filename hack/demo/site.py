"""Everything a service needs around it; the demo shows it to a person, the end-to-end tests start from it."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.errors import ClusterError
from hack.demo.kubectl import Kube
from hack.demo.reading import Reachable

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = "paddle-sla-system"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
HELM_TIMEOUT_SECONDS = 180


@dataclass(frozen=True)
class Site(ABC):
    """A cluster with the operator installed."""

    kubeconfig: Path
    kubectl: Path
    helm: Path

    @property
    @abstractmethod
    def example(self) -> Path:
        """The resource that the demo applies here."""

    @abstractmethod
    def reach(self, namespace: str, service: str) -> AbstractContextManager[Reachable]:
        """Where a service answers, for as long as the block runs."""

    @abstractmethod
    def hints(self, namespace: str, service: str) -> str:
        """Commands to look further, and to stop."""

    def kube(self, namespace: str) -> Kube:
        """kubectl in a namespace."""
        return Kube(self.kubectl, self.kubeconfig, namespace)

    def make_namespace(self, name: str) -> None:
        """A namespace that enforces Pod Security `restricted`."""
        metadata = {"name": name, "labels": RESTRICTED}
        self.kube(name).apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def install_charts(self, values: dict[str, str]) -> None:
        """Install or upgrade the CRDs and the operator with helm, and wait for the operator."""
        self.make_namespace(SYSTEM)
        self._helm("paddle-sla-crds", {})
        self._helm("paddle-sla-operator", values)

    def _helm(self, chart: str, values: dict[str, str]) -> None:
        settings = [part for key, value in values.items() for part in ("--set-string", f"{key}={value}")]
        done = subprocess.run(
            [
                str(self.helm), "--kubeconfig", str(self.kubeconfig), "upgrade", "--install", chart,
                str(ROOT / "charts" / chart), "--namespace", SYSTEM, "--wait",
                "--timeout", f"{HELM_TIMEOUT_SECONDS}s", *settings,
            ],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise ClusterError(
                f"helm could not install {chart}: {done.stderr.strip()}; look at "
                f"`kubectl -n {SYSTEM} get pods,events` with KUBECONFIG={self.kubeconfig}"
            )
