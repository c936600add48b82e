"""What used to stop a rollout for ever: a refused spec, a canary that nobody scrapes, a gateway that goes.

A canary is watched whatever happens; what keeps it from going on is told, and when that is over it goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from paddle_operator.plan.rollout_record import accepted_in, stored_rollout
from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Failed
from paddle_operator.spec import parse
from tests.operator.fake_metrics import ScrapedGateway
from tests.operator.reconcile.rollout_story import LOOK, ROLLOUT, STEPS, RolloutStory

MODEL = {"uri": "https://models.example.com/ppocr/"}


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def refuse(story: RolloutStory) -> None:
    """Somebody applies what breaks a rule of ours, and asks for another revision with it."""
    story.cluster.edit(model={"uri": "ftp://nowhere"}, runtime={"queue": {"maxRequests": 9}})


def mend(story: RolloutStory, requests: int = 7) -> None:
    """They correct it; with 7 requests it is the canary that is being tried."""
    story.cluster.edit(model=MODEL, runtime={"queue": {"maxRequests": requests}})


def told(story: RolloutStory, condition: str = "RolloutComplete") -> list[str]:
    """The reasons of the Events of a condition."""
    return [one.reason for one in story.cluster.posted if one.condition == condition]


def test_a_canary_that_breaks_while_the_spec_is_refused_loses_its_requests(story: RolloutStory) -> None:
    stable, canary = story.begun()
    refuse(story)
    story.passes(30, good=70, bad=30)
    assert story.weights == {stable: 100}
    assert story.complete == ("False", Reason.ROLLED_BACK)
    assert [one["revision"] for one in story.status["rejectedRevisions"]] == [canary]
    assert story.rollout["revision"] == canary
    assert story.condition("Stalled")[:2] == ("True", Reason.INVALID_SPEC)
    assert told(story).count(Reason.ROLLED_BACK) == 1


def test_a_refused_spec_is_told_once_and_with_every_rule(story: RolloutStory) -> None:
    story.begun()
    refuse(story)
    story.passes(120)
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("False", Reason.INVALID_SPEC)
    assert "spec.model.uri" in message
    assert "no rollout goes further" in message
    assert told(story, "Ready").count(Reason.INVALID_SPEC) == 1
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason) == ("False", Reason.CANARY_STEP)
    assert message.endswith(
        "The resource breaks rules (see Stalled): the rollout goes no further until it is mended."
    )
    assert story.condition("SLAMet")[0] == "True", "the promise is measured on"


def test_a_good_canary_goes_no_further_for_a_refused_spec_and_on_when_it_is_mended(
    story: RolloutStory,
) -> None:
    stable, canary = story.begun()
    refuse(story)
    story.passes(600)
    assert story.weights == {stable: 90, canary: 10}
    mend(story)
    story.passes(60)
    assert story.weights[canary] >= 50


def test_a_canary_without_a_ready_pod_loses_its_share_also_then(story: RolloutStory) -> None:
    stable, canary = story.begun()
    refuse(story)
    (deployment,) = (one for one in story.cluster.of("Deployment") if one["metadata"]["name"] == canary)
    deployment["status"] = {"replicas": 1, "availableReplicas": 0}
    story.look()
    assert story.weights == {stable: 100}


def test_a_person_can_abort_what_a_refused_spec_leaves_behind(story: RolloutStory) -> None:
    stable, canary = story.begun()
    refuse(story)
    story.asks(f"abort/{canary}/1")
    story.look(2)
    assert story.weights == {stable: 100}
    assert story.status["lastHandledRequest"]["outcome"] == "Accepted"


def test_what_is_asked_for_when_it_is_mended_supersedes_the_canary(story: RolloutStory) -> None:
    stable, canary = story.begun()
    refuse(story)
    story.passes(60)
    mend(story, requests=9)
    story.look(3)
    assert story.weights == {stable: 100}
    assert story.status["canary"]["revision"] not in {stable, canary}


def test_a_refused_spec_in_the_bake_leaves_the_way_back_open(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    stable, canary = story.begun()
    story.passes(120)
    assert story.weights == {canary: 100}
    refuse(story)
    story.passes(900, good=0, bad=1000)
    assert story.weights == {stable: 100}


def test_at_rest_a_refused_spec_is_told_and_nothing_is_written(story: RolloutStory) -> None:
    story.with_a_pod()
    story.passes(120)
    refuse(story)
    story.look()
    story.cluster.writes.clear()
    told_before = len(story.cluster.statuses)
    story.look(20)
    assert story.cluster.writes == []
    assert len(story.cluster.statuses) == told_before
    assert story.complete == ("False", Reason.INVALID_SPEC)


def test_what_was_accepted_before_a_rule_came_is_watched_on_and_goes_no_further(story: RolloutStory) -> None:
    """An older release let a shadow be asked for where nobody can copy requests."""
    story.cluster.edit(routing={"type": "ReplicaRatio"})
    stable, _ = story.begun()
    kept = accepted_in(stored_rollout(story.cluster.objects.values()))
    assert kept is not None
    kept["rollout"]["preflight"]["shadow"] = {"samplePercent": 5}
    (memory,) = (one for one in story.cluster.of("ConfigMap") if one["metadata"]["name"] == "calm-rollout")
    memory["data"] = {**memory["data"], "accepted-spec.json": json.dumps(kept)}
    story.cluster.edit(rollout=kept["rollout"])
    story.passes(300)
    assert story.rollout["state"] == "Step", "it is judged, and goes no further"
    assert "set routing.type to GatewayAPI, or remove shadow" in story.condition("Stalled")[2]
    story.passes(30, good=0, bad=200)
    assert story.rollout["state"] == "RolledBack"
    assert story.status["stable"]["revision"] == stable


def test_what_was_accepted_is_kept_and_reads_back_as_it_was(story: RolloutStory) -> None:
    story.with_a_pod()
    assert story.cluster.body is not None
    kept = accepted_in(stored_rollout(story.cluster.objects.values()))
    assert parse({**story.cluster.body, "spec": kept}) == parse(story.cluster.body)


def test_without_its_rollout_a_service_forgets_what_was_accepted_for_it(story: RolloutStory) -> None:
    story.begun()
    assert story.cluster.body is not None
    del story.cluster.body["spec"]["rollout"]
    story.look(2)
    assert stored_rollout(story.cluster.objects.values()) is None
    story.cluster.writes.clear()
    refuse(story)
    story.look(2)
    assert story.complete == ("False", Reason.INVALID_SPEC)
    assert story.cluster.writes == []


def test_a_canary_that_is_not_scraped_is_held_with_what_is_missing_and_goes_on(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(30)
    del story.metrics.pods["b"]
    story.passes(60)
    assert story.complete == ("False", Reason.CANARY_STEP), "one missing scrape is no outage"
    story.passes(60)
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason) == ("False", Reason.METRICS_UNAVAILABLE)
    assert f"the last sample of {canary}" in message or f"no sample of {canary}" in message
    assert "MetricsAvailable" in message
    story.passes(600)
    assert story.weights == {stable: 90, canary: 10}
    story.metrics.start("b", canary, story.now)
    story.passes(120)
    assert story.weights[canary] >= 50
    assert told(story).count(Reason.METRICS_UNAVAILABLE) == 1


def behind_a_scraped_gateway(story: RolloutStory) -> tuple[str, str]:
    """A canary begins; of the gateway's backends only the stable revision's is scraped."""
    story.metrics.gateway = ScrapedGateway(story.now)
    return story.begun()


def at_the_gateway(story: RolloutStory, seconds: int, **each: int) -> None:
    """Let time pass, with requests at both places."""
    for _ in range(seconds // 15):
        story.metrics.answer(story.now + LOOK, _2=1000)
        story.passes(15, **each)


def test_a_gateway_that_is_taken_away_in_mid_canary_leaves_the_pods_to_be_asked(story: RolloutStory) -> None:
    _, canary = behind_a_scraped_gateway(story)
    at_the_gateway(story, 120)
    assert story.complete == ("False", Reason.METRICS_UNAVAILABLE)
    assert f"no sample of {canary}" in story.condition("RolloutComplete")[2]
    story.cluster.edit(routing={"type": "ReplicaRatio"})
    story.passes(60)
    assert story.complete[1] in {Reason.CANARY_STEP, Reason.PROMOTING, Reason.BAKING}


def test_what_breaks_in_the_pods_is_rolled_back_though_the_gateway_tells_nothing(story: RolloutStory) -> None:
    stable, _ = behind_a_scraped_gateway(story)
    at_the_gateway(story, 45, good=20, bad=180)
    assert story.weights == {stable: 100}
    assert [one["reason"] for one in story.status["rejectedRevisions"]] == ["Broken"]


def test_single_questions_without_an_answer_are_told_to_nobody(story: RolloutStory) -> None:
    story.begun()
    for _ in range(10):
        story.metrics.failure = Failed("gone")
        story.passes(15)
        story.metrics.failure = None
        story.passes(15)
    assert Reason.METRICS_UNAVAILABLE not in told(story)


def test_no_step_is_taken_without_counts(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "steps": [{**STEPS[0], "minDurationSeconds": 60}, STEPS[1]]})
    stable, canary = story.begun()
    story.passes(45)
    story.metrics.failure = Failed("gone")
    story.passes(45)
    assert story.weights == {stable: 90, canary: 10}
    assert story.complete == ("False", Reason.CANARY_STEP)
    story.metrics.failure = None
    story.passes(45)
    assert story.weights == {stable: 50, canary: 50}


def test_an_outage_is_told_once_and_its_end_once(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "steps": [{**STEPS[0], "minDurationSeconds": 500}]})
    story.begun()
    before = told(story)
    story.metrics.failure = Failed("gone")
    story.passes(600)
    story.metrics.failure = None
    story.passes(60)
    assert told(story) == [*before, Reason.METRICS_UNAVAILABLE, Reason.CANARY_STEP]


def test_a_stable_revision_without_pods_is_not_waited_for_in_the_metrics(story: RolloutStory) -> None:
    stable, _ = story.begun()
    story.passes(15)
    (deployment,) = (one for one in story.cluster.of("Deployment") if one["metadata"]["name"] == stable)
    deployment["status"] = {"replicas": 1, "availableReplicas": 0}
    del story.metrics.pods["a"]
    story.metrics.start("a", "nobody", story.now)
    story.passes(300, good=0, bad=100)
    assert story.rollout["state"] == "RolledBack"
    assert story.rollout["verdict"] == "Broken"


def unscraped(story: RolloutStory) -> None:
    """The canary is scraped no more."""
    story.metrics.pods.pop("b")


def away(story: RolloutStory) -> None:
    """Prometheus is away."""
    story.metrics.failure = Failed("gone")


def scraped_again(story: RolloutStory) -> None:
    """The canary is scraped again."""
    (canary,) = (one for one in story.weights if one != story.status["stable"]["revision"])
    story.metrics.start("b", canary, story.now)


def back(story: RolloutStory) -> None:
    """Prometheus is back."""
    story.metrics.failure = None


MANUAL = {**ROLLOUT, "steps": [{**STEPS[0], "approval": "Manual"}]}


@pytest.mark.parametrize(
    ("hindrance", "over", "reason"),
    [
        (refuse, mend, Reason.INVALID_SPEC),
        (unscraped, scraped_again, Reason.METRICS_UNAVAILABLE),
        (away, back, Reason.METRICS_UNAVAILABLE),
    ],
    ids=["refused", "unscraped", "away"],
)
@pytest.mark.parametrize(
    ("state", "rollout", "seconds"),
    [("Step", ROLLOUT, 0), ("Preparing", ROLLOUT, 45), ("AwaitingApproval", MANUAL, 45)],
)
def test_every_state_tells_what_hinders_it_and_is_left_when_that_is_over(
    story: RolloutStory,
    state: str,
    rollout: dict[str, object],
    seconds: int,
    hindrance: Callable[[RolloutStory], None],
    over: Callable[[RolloutStory], None],
    reason: Reason,
) -> None:
    story.cluster.edit(rollout=rollout)
    _, canary = story.begun()
    if state == "Preparing":
        story.cluster.edit(scaling={"backend": "None", "replicas": 4})
    story.passes(seconds)
    assert story.rollout["state"] == state
    hindrance(story)
    share = story.weights[canary]
    story.passes(180)
    said = {story.complete[1], story.condition("Stalled")[1]}
    assert reason in said or Reason.AWAITING_APPROVAL in said
    assert story.weights[canary] == share
    over(story)
    story.cluster.ready(4, canary)
    story.asks(f"approve/{canary}/1")
    story.passes(300)
    assert story.weights == {canary: 100}
