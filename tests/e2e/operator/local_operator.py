"""The operator as a process of the test, with the chart's own role in a real cluster and nothing more."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml

from hack.demo.kubectl import Kube, eventually

ROOT = Path(__file__).parents[3]
SYSTEM = "operator-e2e-system"
INSTALLED = ("paddle-sla-system", "paddle-sla-operator")
"""Namespace and name of the operator that the charts have installed."""
KUBERNETES = "1.34.4"


def role_of_chart(helm: Path, namespace: str, *values: str) -> list[dict[str, object]]:
    """The chart's account, roles and bindings as helm would install them."""
    command = [
        str(helm), "template", "paddle-sla-operator", str(ROOT / "charts" / "paddle-sla-operator"),
        "--namespace", namespace,        "--kube-version", KUBERNETES, "--show-only", "templates/rbac.yaml",
        "--show-only", "templates/serviceaccount.yaml",
    ]  # fmt: skip
    command += [part for value in values for part in ("--set", value)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def kubeconfig_of_account(kube: Kube, into: Path) -> Path:
    """Credentials of the chart's service account, as a pod would have them."""
    admin = yaml.safe_load(kube.kubeconfig.read_text())
    token = kube.run("create", "token", "paddle-sla-operator", "--duration=2h").strip()
    admin["users"] = [{"name": "account", "user": {"token": token}}]
    for context in admin["contexts"]:
        context["context"]["user"] = "account"
    into.write_text(yaml.safe_dump(admin))
    into.chmod(0o600)
    return into


@dataclass
class LocalOperator:
    """One replica. Its log lies beside the others' in `folder`."""

    kubeconfig: Path
    folder: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    @property
    def log(self) -> str:
        """Everything that it has said."""
        return (self.folder / f"{self.name}.log").read_text()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = int(one.getsockname()[1])
        settings = {
            "PADDLE_OPERATOR_NAMESPACE": SYSTEM,
            "PADDLE_OPERATOR_POD_NAME": self.name,
            "PADDLE_OPERATOR_PROBE_PORT": str(self.port),
            **self.environment,
        }
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).parent / "paddle-operator"), "run"],
                env={**os.environ, **settings, "KUBECONFIG": str(self.kubeconfig)},
                stdout=log,
                stderr=log,
            )
        eventually(lambda: self.probe("readyz") == 200 or None, 60, lambda: f"{self.name} ready\n{self.log}")

    def probe(self, path: str) -> int:
        """The code that a probe gets, 0 for none."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/{path}", timeout=5).status_code
        except httpx.HTTPError:
            return 0

    def stop(self) -> float:
        """End it as the kubelet does; the seconds that it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=25)
        return time.monotonic() - started

    def kill(self) -> None:
        """End it as a lost node does."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
