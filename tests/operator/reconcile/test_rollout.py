"""Rollouts in the flow: a new revision earns its requests, or loses them, whatever befalls the operator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan.rollout_record import stored_rollout, text_in
from paddle_operator.proving import Proving
from paddle_operator.reasons import Reason
from paddle_operator.rollout.memory import memory_from
from paddle_operator.sla.answer import Failed
from paddle_operator.sla.counting import Scraping
from tests.operator.fake_cluster import ended, pod
from tests.operator.fake_metrics import EVERY
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

    def passes(self, seconds: int, *, good: int = 100, bad: int = 0, stable_bad: int = 0) -> None:
        """Let time pass; between two scrapes the canary gets these requests, the stable revision ten times
        as many."""
        for _ in range(seconds // 15):
            self.now += LOOK - timedelta(seconds=1)
            of_stable = 10 * (good + bad)
            quick = of_stable - stable_bad
            self.metrics.serve("a", self.now, good=quick, fast=quick, bad=stable_bad)
            if "b" in self.metrics.pods:
                self.metrics.serve("b", self.now, good=good, fast=good, bad=bad)
            self.look()

    @property
    def rollout(self) -> dict[str, Any]:
        return dict(self.status["rollout"])

    @property
    def weights(self) -> dict[str, int]:
        """What the route sends to whom."""
        (route,) = self.cluster.of("HTTPRoute")
        backends = route["spec"]["rules"][0]["backendRefs"]
        return {one["name"]: one["weight"] for one in backends if one["weight"]}

    @property
    def complete(self) -> tuple[str, str]:
        return self.condition("RolloutComplete")[:2]

    def asks(self, text: str) -> None:
        """A person annotates the resource."""
        assert self.cluster.body is not None
        self.cluster.body["metadata"].setdefault("annotations", {})[names.ANNOTATION_REQUEST] = text


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def test_the_first_revision_serves_as_soon_as_it_is_ready(story: RolloutStory) -> None:
    stable = story.with_a_pod()
    assert story.weights == {stable: 100}
    assert story.rollout["state"] == "Steady"
    assert story.complete == ("True", Reason.COMPLETE)


def test_a_canary_gets_its_share_only_once_its_pods_are_ready(story: RolloutStory) -> None:
    stable = story.with_a_pod()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(3)
    assert story.weights == {stable: 100}
    assert story.complete == ("False", Reason.ROLLOUT_IN_PROGRESS)
    assert story.condition("Ready")[0] == "True", "callers notice nothing"
    canary = story.cluster.ready(1)
    story.look(2)
    assert story.weights == {stable: 90, canary: 10}
    assert story.complete == ("False", Reason.CANARY_STEP)
    assert (story.status["canary"]["revision"], story.status["canary"]["weight"]) == (canary, 10)


def test_a_good_canary_is_proven_promoted_and_baked(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(60)
    assert story.rollout["step"] == 2
    assert story.weights == {stable: 50, canary: 50}
    story.passes(90)
    assert story.weights == {canary: 100}
    assert story.complete == ("False", Reason.BAKING)
    assert story.status["stable"]["revision"] == canary
    assert story.status["previous"]["revision"] == stable
    story.passes(180)
    assert story.complete == ("True", Reason.COMPLETE)
    assert "previous" not in story.status
    assert story.rollout["verdict"] == "NothingAgainst"


def test_a_broken_canary_loses_its_requests_at_once_and_for_good(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(30, good=70, bad=30)
    assert story.weights == {stable: 100}
    assert story.complete == ("False", Reason.ROLLED_BACK)
    assert story.condition("Stalled")[0] == "True"
    assert story.condition("Ready")[0] == "True", "the stable revision serves"
    (rejected,) = story.status["rejectedRevisions"]
    assert (rejected["revision"], rejected["reason"]) == (canary, "Broken")
    assert story.rollout["revision"] == canary, "so that a person knows whom to retry"
    assert "60 of 200 bad" in rejected["message"] or "30 of 100 bad" in rejected["message"]
    story.passes(300)
    assert story.weights == {stable: 100}


def test_an_incident_of_both_revisions_holds_and_ends(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(120, good=50, bad=50, stable_bad=500)
    assert story.weights == {stable: 90, canary: 10}
    assert story.complete == ("False", Reason.SHARED_INCIDENT)
    story.passes(900)
    assert story.complete[1] not in {Reason.SHARED_INCIDENT, Reason.ROLLED_BACK}


def test_a_prometheus_that_is_away_holds_and_moves_nothing(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.metrics.failure = Failed("gone")
    story.passes(300)
    assert story.weights == {stable: 90, canary: 10}
    assert story.complete == ("False", Reason.METRICS_UNAVAILABLE)
    story.metrics.failure = None
    story.passes(60)
    assert story.complete[1] in {Reason.CANARY_STEP, Reason.PROMOTING, Reason.BAKING}


def test_an_operator_that_takes_over_goes_on_as_if_nothing_had_happened(story: RolloutStory) -> None:
    stable, canary = story.begun()
    for _ in range(4):
        story.passes(15)
        story.restart()
    assert story.weights == {stable: 50, canary: 50}
    story.passes(15, good=0, bad=200)
    story.restart()
    story.passes(15, good=0, bad=200)
    assert story.weights == {stable: 100}


def test_what_cannot_be_remembered_gives_nobody_more_and_is_told(story: RolloutStory) -> None:
    stable, canary = story.begun()
    refusal = ClusterRefused("ConfigMap", "calm-rollout", Reason.FORBIDDEN, "may not write")
    story.cluster.refuses["ConfigMap calm-rollout"] = refusal
    for _ in range(8):
        with pytest.raises(ClusterRefused):
            story.passes(15)
    assert story.weights == {stable: 90, canary: 10}
    assert story.condition("Ready")[:2] == ("False", Reason.FORBIDDEN)
    story.cluster.refuses.clear()
    story.passes(15)
    assert story.weights == {stable: 50, canary: 50}


def test_a_broken_canary_loses_its_share_also_where_nothing_can_be_remembered(story: RolloutStory) -> None:
    stable, _ = story.begun()
    story.passes(15)
    refusal = ClusterRefused("ConfigMap", "calm-rollout", Reason.FORBIDDEN, "may not write")
    story.cluster.refuses["ConfigMap calm-rollout"] = refusal
    with pytest.raises(ClusterRefused):
        story.passes(15, good=0, bad=200)
    assert story.weights == {stable: 100}


def test_a_revision_that_breaks_in_its_bake_is_sent_back(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    stable, canary = story.begun()
    story.passes(120)
    assert story.weights == {canary: 100}
    story.passes(900, good=0, bad=1000)
    assert story.weights == {stable: 100}
    assert story.status["rejectedRevisions"][0]["reason"] == "FastBurn"


def test_recreate_empties_the_old_revision_before_the_new_one_comes(story: RolloutStory) -> None:
    story.cluster.edit(rollout={"strategy": "Recreate"})
    stable = story.with_a_pod()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    assert story.cluster.numbers[stable].value == 0
    for one in story.cluster.of("Deployment"):
        if one["metadata"]["name"] == stable:
            one["status"] = {"replicas": 0, "availableReplicas": 0}
    story.look(2)
    canary = story.cluster.ready(1, story.status["canary"]["revision"])
    story.look(3)
    assert story.weights == {canary: 100}
    assert story.status["stable"]["revision"] == canary


def test_a_request_that_stood_there_is_not_done_again_when_the_memory_is_lost(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(30, good=0, bad=200)
    assert story.weights == {stable: 100}
    story.asks(f"retry/{canary}/1")
    story.look()
    story.passes(90, good=0, bad=200)
    assert story.rollout["state"] == "RolledBack"
    story.cluster.objects = {
        key: one for key, one in story.cluster.objects.items() if key.name != "calm-rollout"
    }
    story.look(4)
    assert story.weights == {stable: 100}
    assert story.status["lastHandledRequest"]["outcome"] == "Refused"


def test_a_route_without_backends_is_mended(story: RolloutStory) -> None:
    stable, canary = story.begun()
    (route,) = story.cluster.of("HTTPRoute")
    del route["spec"]["rules"][0]["backendRefs"]
    story.look()
    assert story.weights == {stable: 90, canary: 10}


def test_a_canary_without_a_ready_pod_has_no_weight(story: RolloutStory) -> None:
    stable, canary = story.begun()
    (deployment,) = (one for one in story.cluster.of("Deployment") if one["metadata"]["name"] == canary)
    deployment["status"] = {"replicas": 1, "availableReplicas": 0}
    story.look()
    assert story.weights.get(canary, 0) == 0
    assert story.weights[stable] == 100


def test_a_lost_memory_moves_no_weight(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.cluster.objects = {
        key: one for key, one in story.cluster.objects.items() if key.name != "calm-rollout"
    }
    assert story.cluster.body is not None
    story.cluster.body["status"] = {}
    story.look()
    assert story.weights == {stable: 90, canary: 10}
    memory = memory_from(text_in(stored_rollout(story.cluster.objects.values())))
    assert memory is not None
    assert memory.attempt is not None
    assert memory.attempt.weight == 10


def test_a_newer_wish_supersedes_a_canary(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.cluster.edit(runtime={"queue": {"maxRequests": 9}})
    story.look(3)
    assert canary not in {name for name, weight in story.weights.items() if weight}
    assert story.status["canary"]["revision"] not in {stable, canary}


def test_a_person_promotes_and_is_told_so(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.asks(f"promote/{canary}/1")
    story.look(3)
    assert story.weights == {canary: 100}
    handled = story.status["lastHandledRequest"]
    assert (handled["request"], handled["outcome"]) == (f"promote/{canary}/1", "Accepted")
    story.asks(f"abort/{stable}/2")
    story.look()
    assert story.status["lastHandledRequest"]["outcome"] == "Refused"
    assert story.weights == {canary: 100}


def test_a_paused_rollout_moves_no_weight_to_the_canary(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.cluster.edit(rollout={**ROLLOUT, "state": "Paused"})
    story.passes(300)
    assert story.weights == {stable: 90, canary: 10}
    story.cluster.edit(rollout=ROLLOUT)
    story.passes(30)
    assert story.weights == {stable: 50, canary: 50}


def test_without_a_prometheus_a_canary_is_held_with_what_to_do(story: RolloutStory) -> None:
    story.measuring = story.proving = None
    story.serving()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(4)
    assert story.complete == ("False", Reason.METRICS_UNAVAILABLE)
    assert story.weights[canary] == 10


def test_at_rest_nothing_is_written(story: RolloutStory) -> None:
    story.with_a_pod()
    story.passes(600)
    story.cluster.writes.clear()
    story.look(20)
    assert not [one for one in story.cluster.writes if "rollout" in one]


def end_of_preflight(story: RolloutStory, code: int, said: dict[str, Any]) -> None:
    """The program of the only Job ends with a code and its words."""
    (job,) = (one["metadata"]["name"] for one in story.cluster.of("Job"))
    story.cluster.pods["preflight"] = pod("preflight", job=job, **ended(names.CONTAINER_COMPARE, code, said))


@pytest.mark.parametrize(
    ("code", "state", "share"), [(0, "Step", 10), (40, "RolledBack", 0)], ids=["the same", "others"]
)
def test_a_canary_is_asked_a_golden_set_before_callers_ask_it(
    story: RolloutStory, code: int, state: str, share: int
) -> None:
    golden = {"goldenSetRef": {"configMap": "golden"}}
    stable = story.with_a_pod()
    story.cluster.edit(rollout={**ROLLOUT, "preflight": golden}, runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(2)
    assert story.complete == ("False", Reason.PREFLIGHT)
    assert story.weights == {stable: 100}
    end_of_preflight(story, code, {"message": "3 of 9 answers differ", "comparisons": 9})
    story.look(2)
    assert story.rollout["state"] == state
    assert story.weights.get(canary, 0) == share
    assert not story.cluster.of("Job"), "what is asked no more is gone"
    if code:
        assert "3 of 9 answers differ" in story.condition("RolloutComplete")[2]


def test_a_shadow_is_fed_by_the_gateway_as_long_as_it_lasts(story: RolloutStory) -> None:
    story.with_a_pod()
    shadow = {"shadow": {"samplePercent": 5}}
    story.cluster.edit(rollout={**ROLLOUT, "preflight": shadow}, runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    story.cluster.ready(1)
    story.look(2)

    def mirrors() -> list[str]:
        (route,) = story.cluster.of("HTTPRoute")
        return [
            one["type"]
            for rule in route["spec"]["rules"]
            for one in rule["filters"]
            if "Mirror" in one["type"]
        ]

    assert mirrors() == ["RequestMirror"]
    end_of_preflight(story, 0, {"message": "all the same", "comparisons": 9})
    story.look(2)
    assert story.rollout["state"] == "Step"
    assert mirrors() == []


def test_each_decision_is_an_event_and_a_step_is_no_warning(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 30}})
    story.begun()
    story.passes(150)

    def told() -> list[tuple[str, bool]]:
        posted = (one for one in story.cluster.posted if one.condition == "RolloutComplete")
        return [(one.reason, one.warning) for one in posted]

    before = told()
    assert before.count((Reason.CANARY_STEP, False)) == 2, "one for each step"
    assert (Reason.BAKING, False) in before
    assert not any(warning for _, warning in before)
    story.passes(60)
    assert told() == before, "nothing was decided since"
