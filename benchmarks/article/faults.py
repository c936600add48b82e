"""What goes wrong, and how long until it is noticed and made good: kubelet's and Kubernetes' part."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.article.clock import Clock
from benchmarks.article.pod import Pod, State


class Kind(StrEnum):
    """What can go wrong."""

    WORKER = "worker"  # a worker process of a pod dies
    CONTAINER = "container"  # all processes of a pod die
    HANG = "hang"  # a pod's front end answers nobody any more
    NODE = "node"  # a machine is gone with its pods


@dataclass(frozen=True)
class Fault:
    """where: from 0 to 1, which pod or node it hits."""

    at: float
    kind: Kind
    where: float


@dataclass(frozen=True)
class Times:
    """Seconds. endpoint_lag: from a pod's being ready, or not, to the gateway's knowing it.

    restart: from the end of a container's processes to ready again. fresh_pod: from a new pod to ready.
    probes: of liveness and readiness alike. grace: until a container that will not stop is killed.
    node_noticed: from a node's last sign of life until its pods leave the endpoints; node_replaced: until
    others are made in their place.
    """

    endpoint_lag: float
    restart: float
    fresh_pod: float
    probe_period: float
    probe_failures: int
    probe_timeout: float
    grace: float
    node_noticed: float
    node_replaced: float


class Faults:
    """The pods that there are, and their misfortunes. changed: told when others are ready than before."""

    def __init__(
        self,
        clock: Clock,
        times: Times,
        chance: random.Random,
        pods: list[Pod],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._times, self._chance, self._changed = clock, times, chance, changed
        self._pods = pods
        self._unready: set[Pod] = set()
        self.wanted = len(pods)

    @property
    def ready(self) -> list[Pod]:
        """Those that the gateway is told of."""
        return [pod for pod in self._pods if pod not in self._unready]

    def happen(self, fault: Fault) -> None:
        """Now."""
        if fault.kind is Kind.NODE:
            nodes = sorted({pod.node for pod in self._pods})
            node = nodes[int(fault.where * len(nodes))]
            self._lose([pod for pod in self._pods if pod.node == node])
            return
        pod = self._pods[int(fault.where * len(self._pods))]
        if pod.state is not State.SERVING:
            return
        match fault.kind:
            case Kind.WORKER:
                pod.lose_worker(self._chance)
            case Kind.CONTAINER:
                self._crash(pod)
            case Kind.HANG:
                self._hang(pod)

    def _crash(self, pod: Pod) -> None:
        times, now = self._times, self._clock.now
        pod.crash()
        if times.endpoint_lag < times.restart:
            self._clock.at(now + times.endpoint_lag, self._unready_now, pod)
        self._clock.at(now + times.restart, self._serves_again, pod)

    def _serves_again(self, pod: Pod) -> None:
        pod.come_back()
        self._clock.at(self._clock.now + self._times.endpoint_lag, self._ready_now, pod)

    def _hang(self, pod: Pod) -> None:
        """Liveness and readiness fail at the same time; then it has its grace to stop, and does not."""
        times = self._times
        pod.hang()
        next_probe = self._chance.uniform(0, times.probe_period)
        noticed = next_probe + (times.probe_failures - 1) * times.probe_period + times.probe_timeout
        self._clock.at(self._clock.now + noticed + times.endpoint_lag, self._unready_now, pod)
        self._clock.at(self._clock.now + noticed + times.grace, self._crash, pod)

    def _lose(self, pods: list[Pod]) -> None:
        now, times = self._clock.now, self._times
        for pod in pods:
            pod.vanish()
            self._clock.at(now + times.node_noticed, self._unready_now, pod)
            replaced_at = now + times.node_replaced
            self._clock.at(replaced_at + times.fresh_pod, self._serves_again, pod)

    def _unready_now(self, pod: Pod) -> None:
        self._unready.add(pod)
        self._changed()

    def _ready_now(self, pod: Pod) -> None:
        if pod.state is State.SERVING and pod in self._pods:
            self._unready.discard(pod)
            self._changed()

    # What the autoscaler does

    def add(self, pods: list[Pod]) -> None:
        """New ones, which are ready after their start."""
        self.wanted += len(pods)
        for pod in pods:
            self._pods.append(pod)
            self._unready.add(pod)
            started = self._times.fresh_pod + self._times.endpoint_lag
            self._clock.at(self._clock.now + started, self._ready_now, pod)
        self._changed()

    def remove(self, count: int) -> None:
        """The newest go: they take nothing new and finish what they hold."""
        self.wanted -= count
        for pod in self._pods[-count:]:
            self._unready.discard(pod)
        del self._pods[-count:]
        self._changed()
