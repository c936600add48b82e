"""Everything a service needs around it; the demo shows it to a person, the end-to-end tests start from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, CommandFailed
from hack.demo.kubectl import Kube
from hack.demo.reading import Reachable

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = "paddle-sla-system"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
DEMO_LABEL = "paddle-sla.io/made-by"
CHARTS = ("paddle-sla-crds", "paddle-sla-operator")
CRDS = tuple(f"{plural}.serving.paddle-sla.io" for plural in ("modelslareports", "paddlemodelservices"))
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

    @property
    def chart_values(self) -> Mapping[str, str | int]:
        """What the operator's chart is told about this cluster."""
        return {}

    def kube(self, namespace: str) -> Kube:
        """kubectl in a namespace."""
        return Kube(self.kubectl, self.kubeconfig, namespace)

    def make_namespace(self, name: str) -> None:
        """A namespace that enforces Pod Security `restricted`."""
        metadata = {"name": name, "labels": {**RESTRICTED, DEMO_LABEL: "demo"}}
        self.kube(name).apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def namespaces_of_the_demo(self) -> list[str]:
        """Namespaces that make_namespace made, the operator's excepted."""
        made = self.kube("default").list("namespaces", f"{DEMO_LABEL}=demo")
        return [one["metadata"]["name"] for one in made if one["metadata"]["name"] != SYSTEM]

    def uninstall_charts(self) -> None:
        """Take operator, CRDs (kept by their chart) and the operator's namespace away."""
        for chart in reversed(CHARTS):
            self._helm("uninstall", chart, "--ignore-not-found")
        kube = self.kube("default")
        for definition in CRDS:
            kube.delete("crd", definition)
        if kube.list("namespaces", f"{DEMO_LABEL}=demo,kubernetes.io/metadata.name={SYSTEM}"):
            kube.delete("namespace", SYSTEM)

    def install_charts(self, operator_image: str, runtime_image: str) -> None:
        """Install or upgrade the CRDs and the operator with helm, and wait for the operator."""
        self.make_namespace(SYSTEM)
        crds, operator = CHARTS
        self._install(crds, {})
        repository, _, tag = operator_image.rpartition(":")
        images = {"image.repository": repository, "image.tag": tag, "runtimeImages.cpu": runtime_image}
        self._install(operator, {**images, **self.chart_values})

    def _install(self, chart: str, values: Mapping[str, str | int]) -> None:
        settings = [
            part
            for key, value in values.items()
            for part in ("--set" if isinstance(value, int) else "--set-string", f"{key}={value}")
        ]
        folder = str(ROOT / "charts" / chart)
        self._helm("upgrade", "--install", chart, folder, *settings)

    def _helm(self, *arguments: str) -> None:
        where = ["--kubeconfig", str(self.kubeconfig), "--namespace", SYSTEM]
        waiting = ["--wait", "--timeout", f"{HELM_TIMEOUT_SECONDS}s"]
        try:
            run([self.helm, *where, *arguments, *waiting], timeout=2 * HELM_TIMEOUT_SECONDS)
        except CommandFailed as failed:
            raise ClusterError(
                f"{failed}; look at `kubectl -n {SYSTEM} get pods,events` with KUBECONFIG={self.kubeconfig}"
            ) from failed
