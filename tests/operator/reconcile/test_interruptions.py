"""The flow when a write is refused, an event is lost, or the operator dies in the middle."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from paddle_operator.errors import ClusterRefused, Conflict
from paddle_operator.plan import ObjectKey
from paddle_operator.reasons import Reason
from paddle_operator.reconcile import UNSETTLED_SECONDS
from tests.operator.fake_cluster import forbidden
from tests.operator.reconcile.story import REST, Story


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_missing_permission_is_named_and_the_rest_is_done(story: Story) -> None:
    story.cluster.refuses["NetworkPolicy"] = forbidden("NetworkPolicy")
    with pytest.raises(ClusterRefused):
        story.look()
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("False", "Forbidden")
    assert "NetworkPolicy calm could not be written" in message
    assert "cannot patch resource" in message
    assert story.condition("Stalled")[0] == "True"
    assert len(story.cluster.of("Job")) == 1
    story.cluster.refuses.clear()
    story.look()
    assert story.condition("Ready")[:2] == ("Unknown", "Resolving")


def test_nothing_is_deleted_while_something_is_refused(story: Story) -> None:
    story.look()
    story.cluster.resolve()
    story.look()
    story.cluster.ready(1)
    story.cluster.objects.pop(next(t for t in story.cluster.objects if t.kind == "NetworkPolicy"))
    story.cluster.refuses["NetworkPolicy"] = forbidden("NetworkPolicy")
    with pytest.raises(ClusterRefused):
        story.look()
    assert not any(line.startswith("delete") for line in story.cluster.writes)


def test_a_look_that_is_of_the_past_ends_and_says_nothing(story: Story) -> None:
    story.serving()
    for kind in ("Service", "NetworkPolicy"):
        story.cluster.objects = {key: one for key, one in story.cluster.objects.items() if key.kind != kind}
    story.cluster.refuses["NetworkPolicy"] = Conflict(
        "NetworkPolicy", "calm", Reason.API_UNAVAILABLE, "the object has been modified"
    )
    story.cluster.writes.clear()
    told = story.status
    with pytest.raises(Conflict):
        story.look()
    assert story.cluster.writes == []
    assert story.status == told
    story.cluster.refuses.clear()
    story.look()
    assert story.condition("Ready")[0] == "True"


def test_no_pod_is_taken_away_while_something_that_serves_is_refused(story: Story) -> None:
    name = story.serving()
    story.cluster.numbers[name].scale(3)
    story.cluster.objects.pop(next(t for t in story.cluster.objects if t.kind == "NetworkPolicy"))
    story.cluster.refuses["NetworkPolicy"] = forbidden("NetworkPolicy")
    with pytest.raises(ClusterRefused):
        story.look()
    assert f"patch Deployment {name}" not in story.cluster.writes
    story.cluster.refuses.clear()
    story.look()
    assert f"patch Deployment {name}" in story.cluster.writes


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PrometheusRule", "calm"),
        ("PodMonitor", "calm"),
        ("ConfigMap", "calm-rules"),
        ("ConfigMap", "calm-dashboard"),
    ],
)
def test_a_service_serves_on_where_what_watches_it_is_refused(story: Story, kind: str, name: str) -> None:
    story.serving()
    story.cluster.platform = replace(
        story.cluster.platform, prometheus_rules=True, pod_monitors=True, dashboards=True
    )
    stray = next(one for one in story.cluster.objects.values() if one["kind"] == "NetworkPolicy")
    story.cluster.objects[ObjectKey("networking.k8s.io/v1", "NetworkPolicy", "calm-stray")] = {
        **stray,
        "metadata": {**stray["metadata"], "name": "calm-stray", "uid": "uid-stray"},
    }
    story.cluster.objects.pop(ObjectKey("v1", "ConfigMap", "calm-rules"))
    refusal = ClusterRefused(kind, name, Reason.QUOTA_EXCEEDED, "exceeded quota")
    story.cluster.refuses[f"{kind} {name}"] = refusal
    metrics = story.condition("MetricsAvailable")
    assert story.look() == REST
    assert "delete NetworkPolicy calm-stray" in story.cluster.writes
    assert story.condition("Ready")[:2] == ("True", "Serving")
    assert story.condition("MetricsAvailable") == metrics, "only metrics are told there"
    status, reason, message = story.condition("Stalled")
    assert (status, reason) == ("True", "QuotaExceeded")
    assert f"{kind} {name} could not be written: exceeded quota" in message
    told = story.cluster.posted[-1]
    assert (told.condition, told.status, told.reason, told.warning) == (
        "Stalled",
        "True",
        "QuotaExceeded",
        True,
    )
    story.cluster.refuses.clear()
    story.look()
    assert (kind, name) in {(one.kind, one.name) for one in story.cluster.objects}
    assert story.condition("Stalled")[:2] == ("False", "Settled")


def test_what_watches_is_tried_again_soon_where_nobody_need_do_anything(story: Story) -> None:
    story.serving()
    story.cluster.objects.pop(ObjectKey("v1", "ConfigMap", "calm-rules"))
    lost = ClusterRefused("ConfigMap", "calm-rules", Reason.API_UNAVAILABLE, "failed calling webhook")
    story.cluster.refuses["ConfigMap calm-rules"] = lost
    assert (story.look() or 0) < REST
    assert story.condition("Ready")[0] == "True"
    assert story.condition("Stalled")[0] == "False"
    assert story.condition("Reconciling")[:2] == ("True", "APIUnavailable")
    assert [one.condition for one in story.cluster.posted][-1] == "Reconciling"


def test_a_report_that_could_not_be_written_is_told_in_the_services_status(story: Story) -> None:
    story.serving()
    why = ClusterRefused("ModelSLAReport", "calm-20261201-0000", Reason.QUOTA_EXCEEDED, "exceeded quota")
    story.refused_reports = (why,)
    assert story.look() == REST
    status, reason, message = story.condition("Stalled")
    assert (status, reason) == ("True", "QuotaExceeded")
    assert "ModelSLAReport calm-20261201-0000 could not be written: exceeded quota" in message
    assert story.condition("Ready")[0] == "True"
    story.refused_reports = ()
    story.look()
    assert story.condition("Stalled")[0] == "False"


def test_a_lost_event_holds_up_nothing(story: Story) -> None:
    async def refuse(*_: object) -> None:
        raise forbidden("Event")

    story.cluster.post = refuse  # type: ignore[method-assign]
    assert story.look() == UNSETTLED_SECONDS
    assert story.condition("Ready")[:2] == ("Unknown", "Resolving")


@pytest.mark.parametrize("cut", range(1, 9))
def test_an_operator_that_dies_after_any_write_leaves_what_the_next_one_finishes(cut: int) -> None:
    reference = Story()
    reference.serving()
    story = Story()
    dying(story, cut, story.look)
    story.look()
    story.cluster.resolve()
    dying(story, cut, story.look)
    story.look()
    story.cluster.ready(1)
    dying(story, cut, story.look)
    story.look(3)
    assert set(story.cluster.objects) == set(reference.cluster.objects)
    assert story.condition("Ready")[0] == "True"
    created = [line for line in story.cluster.writes if line.startswith("create")]
    assert len(created) == len(set(created)), "something was made twice"


def dying(story: Story, after: int, act: Callable[[], object]) -> None:
    """Act, and be killed after so many writes."""
    apply, count = story.cluster.apply, 0

    async def apply_until_killed(*args: Any, **named: Any) -> None:
        nonlocal count
        await apply(*args, **named)
        count += 1
        if count == after:
            raise KeyboardInterrupt

    story.cluster.apply = apply_until_killed  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt):  # the kill; there may be fewer writes than that
        act()
    story.cluster.apply = apply  # type: ignore[method-assign]
