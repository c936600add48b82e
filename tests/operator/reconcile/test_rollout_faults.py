"""What befalls a rollout and its operator: nobody gets a broken answer for it, and it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.cluster.ports import Key
from paddle_operator.errors import ClusterRefused, Conflict
from paddle_operator.plan import KubeObject, ObjectKey
from paddle_operator.plan.rollout_record import stored_rollout, text_in
from paddle_operator.reasons import Reason
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import memory_from
from paddle_operator.sla.answer import Failed
from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory, loses_its_pods
from tests.operator.virtual_time import seconds


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def test_an_incident_of_both_revisions_holds_and_ends(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(120, good=50, bad=50, stable_bad=500)
    assert story.weights == {stable: 90, canary: 10}
    assert story.complete == ("False", Reason.SHARED_INCIDENT)
    assert "timeToProofSeconds" not in story.rollout, "the step's clock stands still"
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


def test_who_is_held_and_paused_is_told_of_both(story: RolloutStory) -> None:
    story.begun()
    story.metrics.failure = Failed("gone")
    story.passes(300)
    story.cluster.edit(rollout={**ROLLOUT, "state": "Paused"})
    story.look()
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason) == ("False", Reason.METRICS_UNAVAILABLE)
    assert "The rollout is paused, too: it does not go on until it is Running" in message


def test_a_revision_of_which_not_even_the_model_is_found_leaves_who_serves_and_says_so(
    story: RolloutStory,
) -> None:
    stable = story.with_a_pod()
    story.cluster.edit(model={"uri": "https://models.example.com/other/"})
    story.look()
    story.cluster.resolve_fails(12, "DigestMismatch", "another digest")
    story.look()
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason) == ("False", Reason.DIGEST_MISMATCH)
    assert f". Revision {stable} keeps serving" in message
    assert story.weights == {stable: 100}


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


def test_what_was_found_and_said_is_told_by_who_goes_on_after_a_crash(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(15)
    whole = story.cluster.patch_status

    async def dies(*_: object) -> None:
        raise ClusterRefused("PaddleModelService", "calm", Reason.API_UNAVAILABLE, "the connection is lost")

    story.cluster.patch_status = dies  # type: ignore[method-assign]
    while story.weights != {stable: 100}:
        with pytest.raises(ClusterRefused):
            story.passes(15, good=0, bad=200)
    assert story.rollout["state"] == "Step", "the status is of before"
    story.cluster.patch_status = whole  # type: ignore[method-assign]
    story.restart()
    story.look()
    told = story.rollout
    assert (told["state"], told["verdict"], told["revision"]) == ("RolledBack", "Broken", canary)
    assert told["message"].startswith(f"{canary} is rejected: it breaks the promise"), told["message"]
    assert told["results"][0]["canaryBad"] >= 200
    assert len(told["countedFrom"]) == 1
    assert any(told["message"] in one.message for one in story.cluster.posted), "and its Event"
    story.look(3)
    assert story.rollout == told


def test_a_decision_that_somebody_else_was_quicker_with_is_made_anew(story: RolloutStory) -> None:
    stable, canary = story.begun()
    quicker = Conflict("ConfigMap", "calm-rollout", Reason.API_UNAVAILABLE, "the object has been modified")
    story.cluster.refuses["ConfigMap calm-rollout"] = quicker
    with pytest.raises(Conflict):
        story.passes(15)
    assert story.weights == {stable: 90, canary: 10}
    story.cluster.refuses.clear()
    story.passes(30)
    assert story.weights == {stable: 50, canary: 50}


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


def test_a_promotion_that_cannot_be_remembered_takes_no_share_away(story: RolloutStory) -> None:
    stable, canary = story.begun()
    with story.not_remembered(State.BAKING):
        story.passes(300)
    assert story.weights == {stable: 50, canary: 50}
    story.look()
    assert story.weights == {canary: 100}


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
    answered = story.status["lastHandledRequest"]
    story.look(4)
    assert story.weights == {stable: 100}
    assert story.status["lastHandledRequest"] == answered, "it was answered once"
    story.cluster.objects = {
        key: one for key, one in story.cluster.objects.items() if key.name != "calm-rollout"
    }
    story.asks(f"retry/{canary}/2")
    story.look()
    assert story.status["lastHandledRequest"]["outcome"] == "Refused"


def test_what_was_answered_stays_answered_while_a_service_has_no_rollout(story: RolloutStory) -> None:
    _, canary = story.begun()
    story.asks(f"promote/{canary}/1")
    story.look(2)
    answered = story.status["lastHandledRequest"]
    assert answered["outcome"] == "Accepted"
    assert story.cluster.body is not None
    rollout = story.cluster.body["spec"].pop("rollout")
    story.look(3)
    story.cluster.edit(rollout=rollout)
    story.look(3)
    assert story.status["lastHandledRequest"] == answered


def test_a_route_without_backends_is_mended(story: RolloutStory) -> None:
    stable, canary = story.begun()
    (route,) = story.cluster.of("HTTPRoute")
    del route["spec"]["rules"][0]["backendRefs"]
    story.look()
    assert story.weights == {stable: 90, canary: 10}


def written_at(story: RolloutStory, kind: str) -> list[float]:
    """The second of each look at which an object of this kind was written."""
    found, apply = [], story.cluster.apply

    async def noting(key: Key, wanted: KubeObject, **how: Any) -> None:
        if wanted["kind"] == kind:
            found.append(seconds())
        await apply(key, wanted, **how)

    story.cluster.apply = noting  # type: ignore[method-assign]
    return found


@pytest.mark.parametrize("lost", ["canary", "stable"])
def test_weight_leaves_who_has_no_pod_before_prometheus_is_asked(story: RolloutStory, lost: str) -> None:
    stable, canary = story.begun()
    loses_its_pods(story, canary if lost == "canary" else stable)
    story.metrics.delay_seconds = 1e9
    at = written_at(story, "HTTPRoute")
    assert story.look() == 0, "the rest is decided at once, too"
    assert story.weights == {(stable if lost == "canary" else canary): 100}
    assert at == [0.0]
    story.look()
    assert story.weights == {(stable if lost == "canary" else canary): 100}
    assert story.rollout["state"] == ("Preparing" if lost == "canary" else "Step")


def test_in_a_bake_the_warm_revision_takes_over_before_prometheus_is_asked(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(120)
    assert (story.weights, story.rollout["state"]) == ({canary: 100}, "Baking")
    loses_its_pods(story, canary)
    story.metrics.delay_seconds = 1e9
    at = written_at(story, "HTTPRoute")
    assert story.look() == 0
    assert (story.weights, at) == ({stable: 100}, [0.0])
    story.look()
    assert story.weights == {stable: 100}
    assert story.rollout["revision"] == canary
    story.look()
    assert story.rollout["state"] == "Preparing", "it begins anew"


def test_a_look_at_a_canary_waits_for_prometheus_once(story: RolloutStory) -> None:
    story.begun()
    story.passes(30)
    story.metrics.delay_seconds = 1e9
    at = written_at(story, "ConfigMap")
    story.passes(15)
    assert at == [5.0]
    assert story.complete == ("False", Reason.CANARY_STEP)


def test_a_share_that_cannot_be_moved_at_once_is_told(story: RolloutStory) -> None:
    _, canary = story.begun()
    loses_its_pods(story, canary)
    story.cluster.refuses["HTTPRoute"] = ClusterRefused(
        "HTTPRoute", "calm", Reason.FORBIDDEN, "may not write"
    )
    with pytest.raises(ClusterRefused):
        story.look()
    assert story.condition("Ready")[:2] == ("False", Reason.FORBIDDEN)


def test_a_canary_whose_deployment_was_deleted_is_not_rejected_for_what_nobody_answered(
    story: RolloutStory,
) -> None:
    """Its pods were away, the gateway answered 503 for them, and they come back."""
    stable, canary = story.begun()
    story.passes(30)
    key = ObjectKey("apps/v1", "Deployment", canary)
    del story.cluster.objects[key]
    story.passes(60, good=0, bad=100)
    assert story.weights == {stable: 100}
    assert key in story.cluster.objects, "made anew"
    story.cluster.ready(1, canary)
    story.passes(15, good=0, bad=100)
    story.passes(120)
    assert story.rollout["state"] != "RolledBack", story.rollout["message"]
    assert story.weights[canary] >= 50
    assert "rejectedRevisions" not in story.status


def test_a_canary_that_fails_while_nobody_else_is_there_shares_no_incident(story: RolloutStory) -> None:
    """The only pod of the stable revision starves, after it has answered for long."""
    stable, canary = story.begun()
    story.passes(30)
    loses_its_pods(story, stable)
    story.metrics.start("a", "nobody", story.now)
    story.look(2)
    assert story.weights == {canary: 100}
    story.passes(45, good=70, bad=30)
    assert (story.rollout["state"], story.rollout["verdict"]) == ("RolledBack", "Broken")


def test_a_canary_without_a_ready_pod_has_no_weight(story: RolloutStory) -> None:
    stable, canary = story.begun()
    loses_its_pods(story, canary)
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


def test_without_a_prometheus_a_canary_is_held_with_what_to_do(story: RolloutStory) -> None:
    story.measuring = story.proving = None
    story.serving()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(4)
    assert story.complete == ("False", Reason.CANARY_STEP)
    story.look(60)
    assert story.complete == ("False", Reason.METRICS_UNAVAILABLE)
    assert "PADDLE_OPERATOR_PROMETHEUS_URL" in story.condition("RolloutComplete")[2]
    assert story.weights[canary] == 10


def test_at_rest_nothing_is_written(story: RolloutStory) -> None:
    story.with_a_pod()
    story.passes(600)
    story.cluster.writes.clear()
    story.look(20)
    assert not [one for one in story.cluster.writes if "rollout" in one]
