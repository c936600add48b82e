"""A real API server for the contract tests: a namespace each, and the definitions from their chart."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hack.cluster import node, programs
from hack.cluster.layout import bin_dir
from hack.cluster.progress import Progress
from hack.demo.site import CHARTS, CRDS, ROOT, SYSTEM
from hack.e2e_site import CLUSTER, one_at_a_time


@dataclass(frozen=True)
class ApiServer:
    """kubectl in one namespace of a cluster."""

    kubeconfig: str
    namespace: str

    def __call__(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl; whether it worked is the caller's to see."""
        return self._run("kubectl", *arguments, text=text)

    def helm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run helm in the operator's namespace."""
        with one_at_a_time():
            return self._run("helm", *arguments, namespace=SYSTEM)

    def _run(
        self, program: str, *arguments: str, text: str = "", namespace: str = ""
    ) -> subprocess.CompletedProcess[str]:
        where = ("--kubeconfig", self.kubeconfig, "--namespace", namespace or self.namespace)
        command = [str(bin_dir() / program), *where, *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=100)


@contextmanager
def api_server(namespace: str) -> Iterator[ApiServer]:
    """Lend the cluster of KUBECONFIG, or the embedded one.

    The definitions come by the release that installs them everywhere else. helm takes over nothing that
    somebody else made: definitions that are applied by hand make the cluster unfit for a later
    install.
    """
    progress = Progress()
    programs.ensure(progress, ("kubernetes", "helm"))
    found = ApiServer(os.environ.get("KUBECONFIG") or str(node.up(CLUSTER, progress).kubeconfig), namespace)
    chart = (CHARTS[0], str(ROOT / "charts" / CHARTS[0]))
    done = found.helm("upgrade", "--install", *chart, "--create-namespace", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stderr
    for definition in CRDS:
        found("wait", "--for=condition=Established", f"crd/{definition}", "--timeout=30s")
    found("create", "namespace", namespace)
    yield found
    found("delete", "namespace", namespace, "--wait=false")
