"""Every number of replicas that the API server stores, and how many were ready, by a watch."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from hack.demo.kubectl import Kube

_SHAPE = 'jsonpath={.metadata.name} {.spec.replicas} {.status.readyReplicas}{"\\n"}'


@dataclass(frozen=True)
class Seen:
    """One event: when (monotonic seconds), of which Deployment, replicas in its spec, pods ready."""

    at: float
    deployment: str
    replicas: int
    ready: int


@dataclass
class Replicas:
    """`with Replicas(kube, selector) as seen:`; a watch that breaks off is an error: it missed something."""

    kube: Kube
    selector: str
    events: list[Seen] = field(default_factory=list)

    def __enter__(self) -> Self:
        where = ["--kubeconfig", str(self.kube.kubeconfig), "-n", self.kube.namespace]
        asked = ["get", "deployments", "-l", self.selector, "-w", "-o", _SHAPE]
        self._watch = subprocess.Popen(
            [str(self.kube.kubectl), *where, *asked], stdout=subprocess.PIPE, text=True
        )
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        return self

    def _follow(self) -> None:
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            if not line.endswith("\n"):  # one that is ended may break off in the middle of a line
                break
            name, replicas, ready = [*line.split(), "0"][:3]  # no readyReplicas while none is ready
            self.events.append(Seen(time.monotonic(), name, int(replicas), int(ready)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        broken_off = self._watch.poll() is not None
        self._watch.terminate()
        self._thread.join()
        self._watch.communicate()
        if broken_off and error is None:
            raise RuntimeError(f"kubectl's watch ended by itself with {self._watch.returncode}")

    def stored(self, began: float, until: float = float("inf")) -> list[tuple[float, int]]:
        """Seconds since a moment and the number stored then, changes only; what held before is at 0."""
        return self._changes([(one.at, one.replicas) for one in self.events], began, until)

    def ready(self, began: float, until: float = float("inf")) -> list[tuple[float, int]]:
        """Seconds since a moment and how many pods were ready from then on."""
        return self._changes([(one.at, one.ready) for one in self.events], began, until)

    @staticmethod
    def _changes(events: list[tuple[float, int]], began: float, until: float) -> list[tuple[float, int]]:
        found: list[tuple[float, int]] = []
        for at, number in events:
            if at <= began:
                found = [(0.0, number)]
            elif at <= until and (not found or found[-1][1] != number):
                found.append((round(at - began, 1), number))
        return found
