"""What a service lives through in a crash sweep: made, taken over, rid of its old revision, deleted."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hack.demo.kubectl import API, Kube, eventually
from sweep.story import Followed, Launch, Step, Subject
from tests.e2e.operator.local_operator import SYSTEM
from tests.e2e.operator.paper_pods import become_ready, resolve
from tests.e2e.operator.resources import paper

NAME = "calm"
OURS = f"serving.paddle-sla.io/service={NAME}"
REVISION = "serving.paddle-sla.io/revision"
CLOCK = Path(__file__).with_name("moved_clock.py")
OWNED = (
    "deployments,services,configmaps,poddisruptionbudgets,networkpolicies,jobs,httproutes,"
    "backendtrafficpolicies"
)
COMPARED = (
    f"{API}/paddlemodelservices",
    "apps/v1/deployments",
    "batch/v1/jobs",
    "v1/configmaps",
    "v1/services",
    "policy/v1/poddisruptionbudgets",
    "networking.k8s.io/v1/networkpolicies",
    "gateway.networking.k8s.io/v1/httproutes",
    "gateway.envoyproxy.io/v1alpha1/backendtrafficpolicies",
)
FOLLOWED = (
    Followed("v1/services", "/spec/selector"),
    Followed("gateway.networking.k8s.io/v1/httproutes", "/spec/rules/0/backendRefs"),
)
FORGET = (
    "/metadata/generation",
    "/status/observedGeneration",
    "/status/conditions/*/observedGeneration",
)
"""They count writes, and of two replicas that both act one may write once more."""
WAIT_SECONDS, PATIENCE_SECONDS = 600.0, 300.0
"""On a quiet machine it is seconds; a busy one takes two minutes for the start of an operator alone."""
QUIET_SECONDS = 1.0
PATIENT = {
    "LEASE_SECONDS": "600",
    "LEASE_RENEW_SECONDS": "500",
    "REQUEST_TIMEOUT_SECONDS": "120",
    "PROMETHEUS_TIMEOUT_SECONDS": "60",
}
"""Where time stands still nothing may depend on how slow the machine is: no Lease runs out, no question."""


@dataclass
class Life:
    """The steps, each in the namespace of its run. Pods are bound to the node of paper; time is moved."""

    admin: Kube
    folder: Path
    stable: dict[str, str] = field(default_factory=dict)
    """Which revision served last, by namespace."""

    def whole(self) -> Subject:
        return self.subject(self.made, self.taken_over, self.old_one_gone, self.deleted)

    def subject(self, *acts: Callable[[str], None], first: int = 0) -> Subject:
        """Tell a story whose writes are struck from one act on: those before it are struck in another one."""
        steps = [
            Step(act.__name__.replace("_", " "), act, swept=number >= first)
            for number, act in enumerate(acts)
        ]
        return Subject(
            self.launch,
            steps,
            COMPARED,
            FOLLOWED,
            FORGET,
            quiet_seconds=QUIET_SECONDS,
            patience_seconds=PATIENCE_SECONDS,
        )

    def launch(self, _: Path, namespace: str, replica: int) -> Launch:
        """A replica for the run alone. Each of two has a Lease of its own, so that both act, always."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        self.move_clock(namespace, 0)
        name = f"{namespace}-{replica}"
        settings = {
            "NAMESPACE": SYSTEM,
            "WATCH_NAMESPACES": namespace,
            "POD_NAME": name,
            "LEASE_NAME": name,
            "PROBE_PORT": str(port),
            "DASHBOARDS": "false",  # they carry a hash of the namespace
            **PATIENT,
            **self.settings(),
        }
        command = [sys.executable, "-P", str(CLOCK), str(self.clock(namespace))]
        environment = {f"PADDLE_OPERATOR_{name}": value for name, value in settings.items()}
        # Compiled once: half of what a start costs, and each run starts it anew.
        once = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}
        return Launch(command, environment | once)

    def settings(self) -> dict[str, str]:
        """Return what a story adds to the operator's settings."""
        return {}

    def clock(self, namespace: str) -> Path:
        return self.folder / f"{namespace}.clock"

    def move_clock(self, namespace: str, seconds: int) -> None:
        whole = self.clock(namespace).with_suffix(".next")
        whole.write_text(str(seconds))
        whole.replace(self.clock(namespace))

    def seconds(self, namespace: str) -> int:
        """Return where the clock stands."""
        return int(self.clock(namespace).read_text())

    def pass_a_minute(self, kube: Kube) -> None:
        """Move the clock, and let an event bring the next look."""
        now = self.seconds(kube.namespace) + 60
        self.move_clock(kube.namespace, now)
        kube.run("annotate", "pms", NAME, f"looked-at={now}", "--overwrite")

    def kube(self, namespace: str) -> Kube:
        return Kube(self.admin.kubectl, self.admin.kubeconfig, namespace)

    def made(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.apply(paper(NAME))
        resolve(kube, NAME)
        self.serve(kube)

    def taken_over(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.apply(paper(NAME, queue=65))
        self.serve(kube)

    def serve(self, kube: Kube) -> None:
        """The revision that is new gets ready and has the traffic."""
        new = eventually(
            lambda: self.new_revision(kube), WAIT_SECONDS, lambda: kube.run("get", "deploy,jobs,pods")
        )
        become_ready(kube, new)
        kube.run("wait", f"service/{NAME}", "--for=create", "--timeout=60s", timeout=70)
        eventually(
            lambda: kube.get("service", NAME)["spec"]["selector"][REVISION] == new or None,
            WAIT_SECONDS,
            f"the traffic at {new}",
        )
        kube.wait_condition(NAME, "Ready", "True", timeout=WAIT_SECONDS)
        self.stable[kube.namespace] = new

    def new_revision(self, kube: Kube) -> str | None:
        names = [one["metadata"]["name"] for one in kube.list("deployments", OURS)]
        return next((name for name in names if name != self.stable.get(kube.namespace)), None)

    def old_one_gone(self, namespace: str) -> None:
        kube = self.kube(namespace)
        self.pass_a_minute(kube)

        def alone() -> bool | None:
            names = {one["metadata"]["name"] for one in kube.list("deployments", OURS)}
            return names == {self.stable[namespace]} or None

        eventually(alone, WAIT_SECONDS, lambda: kube.run("get", "deployments", "-o", "yaml"))

    def deleted(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.delete("pms", NAME)
        eventually(lambda: not kube.list(OWNED, OURS) or None, WAIT_SECONDS, lambda: kube.run("get", OWNED))
