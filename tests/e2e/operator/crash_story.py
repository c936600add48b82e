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
from tests.e2e.operator.paper_node import become_ready, resolve
from tests.e2e.operator.resources import paper

NAME = "calm"
OURS = f"serving.paddle-sla.io/service={NAME}"
REVISION = "serving.paddle-sla.io/revision"
CLOCK = Path(__file__).with_name("moved_clock.py")
OWNED = "deployments,services,configmaps,poddisruptionbudgets,networkpolicies,jobs"
COMPARED = (
    f"{API}/paddlemodelservices",
    "apps/v1/deployments",
    "batch/v1/jobs",
    "v1/configmaps",
    "v1/services",
    "policy/v1/poddisruptionbudgets",
    "networking.k8s.io/v1/networkpolicies",
)
FORGET = ("/metadata/generation", "/status/observedGeneration")
"""Two replicas that both act write their own moment of retirement, and the API server counts that."""
WAIT_SECONDS = 60.0


@dataclass
class Life:
    """The steps, each in the namespace of its run. Pods are bound to the node of paper; time is moved."""

    admin: Kube
    folder: Path
    stable: dict[str, str] = field(default_factory=dict)
    """Which revision served last, by namespace."""

    def whole(self) -> Subject:
        return self.subject(self.made, self.taken_over, self.old_one_gone, self.deleted)

    def subject(self, *acts: Callable[[str], None], quiet_seconds: float = 2.0) -> Subject:
        steps = [Step(act.__name__.replace("_", " "), act) for act in acts]
        selectors = Followed("v1/services", "/spec/selector")
        return Subject(
            self.launch,
            steps,
            COMPARED,
            [selectors],
            FORGET,
            quiet_seconds=quiet_seconds,
            patience_seconds=60,
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
        }
        command = [sys.executable, "-P", str(CLOCK), str(self.clock(namespace))]
        return Launch(command, {f"PADDLE_OPERATOR_{name}": value for name, value in settings.items()})

    def clock(self, namespace: str) -> Path:
        return self.folder / f"{namespace}.clock"

    def move_clock(self, namespace: str, seconds: int) -> None:
        whole = self.clock(namespace).with_suffix(".next")
        whole.write_text(str(seconds))
        whole.replace(self.clock(namespace))

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
        self.move_clock(namespace, 60)
        kube.run("label", "pods", "-l", OURS, "looked-at=again")  # an event brings the next look

        def alone() -> bool | None:
            names = {one["metadata"]["name"] for one in kube.list("deployments", OURS)}
            return names == {self.stable[namespace]} or None

        eventually(alone, WAIT_SECONDS, lambda: kube.run("get", "deployments", "-o", "yaml"))

    def deleted(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.delete("pms", NAME)
        eventually(lambda: not kube.list(OWNED, OURS) or None, WAIT_SECONDS, lambda: kube.run("get", OWNED))
