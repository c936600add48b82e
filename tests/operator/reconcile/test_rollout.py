"""Rollouts in the flow: a new revision earns its requests, or loses them, whatever befalls the operator."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.reasons import Reason
from paddle_operator.rollout.machine import State
from tests.operator.fake_cluster import ended, pod
from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def test_the_first_revision_serves_as_soon_as_it_is_ready(story: RolloutStory) -> None:
    stable = story.with_a_pod()
    assert story.weights == {stable: 100}
    assert story.rollout["state"] == "Steady"
    assert story.complete == ("True", Reason.COMPLETE)


def test_before_a_pod_of_the_first_revision_is_ready_none_is_said_to_serve(story: RolloutStory) -> None:
    story.look()
    assert story.rollout["message"].startswith("No revision has served yet")
    story.cluster.resolve()
    story.look(2)
    assert story.rollout["message"].startswith("No revision has served yet")
    story.cluster.ready(1)
    story.look(2)
    assert story.rollout["message"] == "The wanted revision takes all requests; nothing is rolled out."


def test_of_a_revision_that_may_have_no_pods_none_is_waited_for(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.asks(f"abort/{canary}/1")
    story.look(2)
    story.cluster.pods.clear()
    story.look()
    status, reason, message = story.condition("ModelLoaded")
    assert (status, reason) == ("Unknown", "NoPods")
    assert message == (
        "no pod of the wanted revision is to run: see RolloutComplete. "
        f"Revision {stable} keeps serving with 1 ready replicas."
    )
    assert story.status["model"]["state"] == "NoPods"
    assert "ModelLoaded" not in str(story.cluster.posted[-1])


def test_where_nobody_serves_and_the_wanted_revision_may_not_the_service_is_not_ready(
    story: RolloutStory,
) -> None:
    stable, canary = story.begun()
    story.asks(f"abort/{canary}/1")
    story.look(2)
    story.cluster.pods.clear()
    for one in story.cluster.of("Deployment"):
        one["status"] = {"replicas": 1, "availableReplicas": 0}
    story.look()
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("False", Reason.REPLICAS_NOT_READY)
    assert message.startswith("requests find no ready pod. Nobody serves:")
    assert stable in message


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
    assert "200 is enough against it, 20 proves it" in rejected["message"]
    plain, _, figures = story.condition("RolloutComplete")[2].partition(" In e-values: ")
    assert plain.startswith(
        f"{canary} is rejected: it breaks the promise, and is the worse one where both were asked"
    )
    assert " of 200 bad at the canary, " in plain or " of 100 bad at the canary, " in plain
    assert f". All requests go to {stable}. Change the resource, or try this one again: " in plain
    assert plain.endswith(f"kubectl paddle_sla retry calm {canary}.")
    assert "absolute" in figures
    assert (story.rollout["evidenceNeeded"], story.rollout["proofNeeded"]) == ("200", "20")
    (counted_from,) = story.rollout["countedFrom"]
    assert all(revision in counted_from for revision in (canary, stable))
    story.passes(300)
    assert story.weights == {stable: 100}


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
    assert story.complete == ("False", "RolloutPaused")
    assert "until it is Running" in story.status["rollout"]["message"]
    story.cluster.edit(rollout=ROLLOUT)
    story.passes(30)
    assert story.weights == {stable: 50, canary: 50}


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


@pytest.mark.parametrize(
    ("code", "state", "share"), [(0, "Step", 10), (40, "RolledBack", 0)], ids=["the same", "others"]
)
def test_a_model_that_moves_to_another_device_has_to_answer_as_before(
    story: RolloutStory, code: int, state: str, share: int
) -> None:
    stable = story.with_a_pod()
    story.cluster.edit(runtime={"device": "GPU", "image": "registry/gpu:1"})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(2)
    assert story.complete == ("False", Reason.PREFLIGHT), "nobody has asked for it"
    assert story.weights == {stable: 100}
    (job,) = story.cluster.of("Job")
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--self-test" in arguments
    assert f"http://{stable}.prod.svc:80" in arguments
    end_of_preflight(story, code, {"message": "2 requests, 2 comparisons: absError 0.5", "comparisons": 2})
    story.look(2)
    assert (story.rollout["state"], story.weights.get(canary, 0)) == (state, share)
    assert "2 comparisons: absError 0.5" in story.condition("RolloutComplete")[2], "what was compared is told"
    assert not story.cluster.of("Job")


def test_where_the_old_pods_make_room_first_nobody_is_there_to_be_compared_with(story: RolloutStory) -> None:
    story.cluster.edit(rollout={"strategy": "Recreate"})
    stable = story.with_a_pod()
    story.cluster.edit(runtime={"device": "GPU", "image": "registry/gpu:1"})
    story.look(2)
    story.cluster.ready(0, stable)
    story.look(2)
    canary = story.cluster.ready(1, story.status["canary"]["revision"])
    story.look(3)
    assert not story.cluster.of("Job")
    assert story.weights == {canary: 100}


def test_a_golden_set_is_asked_once_where_its_answer_was_not_remembered(story: RolloutStory) -> None:
    story.with_a_pod()
    golden = {"goldenSetRef": {"configMap": "golden"}}
    story.cluster.edit(rollout={**ROLLOUT, "preflight": golden}, runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    story.cluster.ready(1)
    story.look()
    (asked,) = story.cluster.of("Job")
    end_of_preflight(story, 0, {"message": "9 answers are the same", "comparisons": 9})
    with story.not_remembered(State.STEP):
        story.look()
    assert [one["metadata"]["name"] for one in story.cluster.of("Job")] == [asked["metadata"]["name"]]
    story.look()
    assert story.rollout["state"] == "Step"


def test_a_preflight_that_finds_nothing_out_waits_for_a_person_and_says_why(story: RolloutStory) -> None:
    golden = {"goldenSetRef": {"configMap": "golden"}}
    stable = story.with_a_pod()
    story.cluster.edit(rollout={**ROLLOUT, "preflight": golden}, runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(2)
    end_of_preflight(story, 41, {"message": "golden.json is not JSON", "reason": "GoldenSetInvalid"})
    (job,) = story.cluster.of("Job")
    job["status"] = {"conditions": [{"type": "Failed", "status": "True"}]}
    story.look(2)
    assert story.complete == ("False", Reason.PREFLIGHT_BROKEN)
    assert "golden.json is not JSON" in story.condition("RolloutComplete")[2]
    assert story.condition("Stalled")[0] == "True"
    assert story.weights == {stable: 100}
    story.asks(f"approve/{canary}/1")
    story.look(2)
    assert story.weights == {stable: 90, canary: 10}


def test_a_shadow_is_fed_by_the_gateway_as_long_as_it_lasts(story: RolloutStory) -> None:
    story.with_a_pod()
    shadow = {"shadow": {"samplePercent": 5}}
    story.cluster.edit(rollout={**ROLLOUT, "preflight": shadow}, runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    story.cluster.ready(1)
    story.look(2)

    assert mirrors(story) == ["RequestMirror"]
    end_of_preflight(story, 0, {"message": "all the same", "comparisons": 9})
    story.look(2)
    assert story.rollout["state"] == "Step"
    assert mirrors(story) == []


def mirrors(story: RolloutStory) -> list[str]:
    (route,) = story.cluster.of("HTTPRoute")
    filters = [one["type"] for rule in route["spec"]["rules"] for one in rule["filters"]]
    return [one for one in filters if "Mirror" in one]


def test_a_gateway_knows_of_no_shadow_whose_service_is_not_there(story: RolloutStory) -> None:
    """It would refuse every request of the rule."""
    seen: list[tuple[bool, bool]] = []

    def look() -> None:
        story.look()
        there = "calm-shadow" in {one["metadata"]["name"] for one in story.cluster.of("Service")}
        seen.append((there, bool(mirrors(story))))

    story.with_a_pod()
    shadow = {"shadow": {"samplePercent": 5}}
    story.cluster.edit(rollout={**ROLLOUT, "preflight": shadow}, runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    story.cluster.ready(1)
    for _ in range(3):
        look()
    story.cluster.edit(rollout=ROLLOUT)
    for _ in range(3):
        look()
    service_alone, both, nothing = (True, False), (True, True), (False, False)
    assert list(dict.fromkeys(seen)) == [service_alone, both, nothing]
    assert seen[3] == service_alone, "the filter goes first, and is read, and then the Service"


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
    words = [one.message for one in story.cluster.posted if one.condition == "RolloutComplete"]
    for number, begin in ((1, "takes 50 % of the requests, step 2 of 2. "), (2, "serves. ")):
        (passed,) = (one for one in words if f"{begin}Step {number} passed with up: 0 of " in one)
        assert " bad at the canary, 0 of " in passed
        assert "In e-values: up: absolute " in passed
        assert "200 is enough against it, 20 proves it" in passed
    story.passes(60)
    assert told() == before, "nothing was decided since"
