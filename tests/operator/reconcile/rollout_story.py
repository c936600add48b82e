"""A service whose rollouts a test can watch: its share, its conditions, and a person who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.errors import ClusterRefused
from paddle_operator.proving import Proving
from paddle_operator.reasons import Reason
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import memory_from
from paddle_operator.sla.counting import Scraping
from tests.operator.fake_metrics import EVERY
from tests.operator.given import weights
from tests.operator.reconcile.measured_story import MeasuredStory

STEPS = [
    {"weight": 10, "minDurationSeconds": 30, "maxDurationSeconds": 600},
    {"weight": 50, "minDurationSeconds": 30, "maxDurationSeconds": 600},
]
ROLLOUT = {"steps": STEPS, "bake": {"durationMinutes": 2}}
ROUTED = {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}], "hostnames": ["calm.example.com"]}
LOOK = timedelta(seconds=15)


@dataclass
class RolloutStory(MeasuredStory):
    """A service with a rollout behind a gateway whose metrics nobody scrapes: attempts count in the pods."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cluster.platform = replace(self.cluster.platform, gateway_api=True)
        self.cluster.edit(rollout=ROLLOUT, routing=ROUTED)

    def restart(self) -> None:
        super().restart()
        self.proving = Proving(self.metrics, Scraping(EVERY), limit_seconds=5.0)

    def look(self, times: int = 1) -> float | None:
        """The gateway takes whatever route there is, before each look."""
        pause = None
        for _ in range(times):
            for route in self.cluster.of("HTTPRoute"):
                accepted = [{"type": kind, "status": "True"} for kind in ("Accepted", "ResolvedRefs")]
                route["status"] = {"parents": [{"parentRef": {"name": "gw"}, "conditions": accepted}]}
            pause = super().look()
        return pause

    def begun(self) -> tuple[str, str]:
        """One revision serves and another takes its first share; their names."""
        stable = self.with_a_pod()
        self.cluster.edit(runtime={"queue": {"maxRequests": 7}})
        self.look(2)
        canary = self.cluster.ready(1)
        assert canary != stable
        self.metrics.start("b", canary, self.now)
        self.look(2)
        assert self.rollout["state"] == "Step", self.status["rollout"]
        return stable, canary

    def passes(
        self, seconds: int, *, good: int = 100, bad: int = 0, stable_bad: int = 0, invalid: int = 0
    ) -> None:
        """Let time pass; between two scrapes the canary gets these requests, the stable revision ten times
        as many. What is invalid at the canary is good at the stable revision."""
        for _ in range(seconds // 15):
            self.now += LOOK - timedelta(seconds=1)
            of_stable = 10 * (good + bad + invalid)
            quick = of_stable - stable_bad
            self.metrics.serve("a", self.now, good=quick, fast=quick, bad=stable_bad)
            if "b" in self.metrics.pods:
                self.metrics.serve("b", self.now, good=good, fast=good, bad=bad, invalid=invalid)
            self.look()

    @contextmanager
    def not_remembered(self, state: State) -> Iterator[None]:
        """Let a memory of this state be refused, which ends the block with its refusal."""
        whole = self.cluster.apply

        async def apply(key: Any, wanted: Any, **more: Any) -> None:
            told = wanted["data"].get("rollout.json") if wanted["kind"] == "ConfigMap" else None
            if told and (memory := memory_from(told)) and memory.state is state:
                raise ClusterRefused("ConfigMap", "calm-rollout", Reason.API_UNAVAILABLE, "not now")
            await whole(key, wanted, **more)

        self.cluster.apply = apply  # type: ignore[method-assign]
        with pytest.raises(ClusterRefused):
            yield
        self.cluster.apply = whole  # type: ignore[method-assign]

    @property
    def rollout(self) -> dict[str, Any]:
        return dict(self.status["rollout"])

    @property
    def weights(self) -> dict[str, int]:
        """What the route sends to whom."""
        (route,) = self.cluster.of("HTTPRoute")
        return {name: weight for name, weight in weights(route).items() if weight}

    @property
    def complete(self) -> tuple[str, str]:
        return self.condition("RolloutComplete")[:2]

    def asks(self, text: str) -> None:
        """A person annotates the resource."""
        assert self.cluster.body is not None
        self.cluster.body["metadata"].setdefault("annotations", {})[names.ANNOTATION_REQUEST] = text


def loses_its_pods(story: RolloutStory, revision: str) -> None:
    (deployment,) = (one for one in story.cluster.of("Deployment") if one["metadata"]["name"] == revision)
    deployment["status"] = {"replicas": 1, "availableReplicas": 0}
