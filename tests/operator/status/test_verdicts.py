"""Conditions and their times; routes; what is said once and what flickers not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paddle_operator.plan import Plan, Refusal
from paddle_operator.reasons import Reason
from paddle_operator.rollout.course import Course
from paddle_operator.spec import parse
from paddle_operator.status import (
    ContainerFacts,
    DeploymentFacts,
    Exit,
    Facts,
    PodFacts,
    RouteFacts,
    status_of,
)
from paddle_operator.status.conditions import LONGEST_MESSAGE, Before, Condition, written
from paddle_operator.status.news import news
from tests.operator.fake_cluster import DIGEST, resource

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
GATEWAY = {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}], "hostnames": ["ocr.example.com"]}
PLAN = Plan((), Course(stable="calm-1"), target="calm-1", resolve_key=None, resolve_job=None, sla_hash="abc")
UP = Facts(
    pods=(PodFacts("p", revision="calm-1", ready=True),),
    deployments=(DeploymentFacts("calm-1", digest=DIGEST, wanted_replicas=1, replicas=1, ready_replicas=1),),
    gateway_api=True,
)


def status(facts: Facts = UP, plan: Plan = PLAN, before: dict[str, Any] | None = None, now: datetime = NOW,
           **spec: Any) -> dict[str, Any]:  # fmt: skip
    """The status of the standard resource with these facts."""
    return status_of(parse(resource(**spec)), plan, facts, before or {}, now)


def said(found: dict[str, Any], type_: str) -> tuple[str, str]:
    """Status and reason of a condition."""
    one = next(one for one in found["conditions"] if one["type"] == type_)
    return one["status"], one["reason"]


def message(found: dict[str, Any], type_: str) -> str:
    """The message of a condition."""
    return str(next(one["message"] for one in found["conditions"] if one["type"] == type_))


def with_routes(*routes: RouteFacts, gateway_api: bool = True) -> Facts:
    """The standard facts with what gateways say."""
    return Facts(pods=UP.pods, deployments=UP.deployments, routes=routes, gateway_api=gateway_api)


def test_a_time_moves_only_when_the_status_flips() -> None:
    first = status()
    again = status(before=first, now=LATER)
    assert again == first
    down = status(Facts(gateway_api=True), before=first, now=LATER)
    times = {one["type"]: one["lastTransitionTime"] for one in down["conditions"]}
    assert times["Ready"] == "2026-11-22T13:00:00Z"
    assert times["RouteAccepted"] == "2026-11-22T12:00:00Z"


def test_a_message_is_kept_short_enough_for_people() -> None:
    long = Condition("Ready", "False", Reason.INVALID_SPEC, "x" * 100_000)
    (one,) = written([long], Before.of({}), 1, NOW)
    assert len(one["message"]) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("facts", "verdict", "ready"),
    [
        (with_routes(), ("Unknown", "RoutePending"), "Unknown"),
        (with_routes(RouteFacts("gw", True, True)), ("True", "Accepted"), "True"),
        (with_routes(RouteFacts("gw", True, None)), ("Unknown", "RoutePending"), "Unknown"),
        (with_routes(RouteFacts("gw", False, True, "NotAllowed", "no")), ("False", "RouteNotAccepted"),
         "False"),
        (with_routes(RouteFacts("gw", True, False, "NoSuch", "no")), ("False", "RouteNotAccepted"), "False"),
        (with_routes(gateway_api=False), ("False", "GatewayAPIMissing"), "False"),
    ],
)  # fmt: skip
def test_a_service_behind_a_gateway_is_ready_only_with_its_route(
    facts: Facts, verdict: tuple[str, str], ready: str
) -> None:
    found = status(facts, routing=GATEWAY)
    assert said(found, "RouteAccepted") == verdict
    assert said(found, "Ready")[0] == ready
    assert found["url"] == ("http://ocr.example.com" if facts.gateway_api else "http://calm.prod.svc")


def test_a_route_that_another_one_shadows_says_so_and_stays_accepted() -> None:
    overlap = "overlapping match conditions with route demo/other"
    found = status(with_routes(RouteFacts("gw", True, True, overlap=overlap)), routing=GATEWAY)
    assert said(found, "RouteAccepted") == ("True", "RouteOverlaps")
    assert said(found, "Ready") == ("True", "Serving")
    assert [change.warning for change in news(status(), found)] == [True]


def test_a_gateway_that_thinks_again_does_not_make_a_ready_service_unready() -> None:
    ready = status(with_routes(RouteFacts("gw", True, True)), routing=GATEWAY)
    rethinking = status(with_routes(), before=ready, now=LATER, routing=GATEWAY)
    assert said(rethinking, "Ready")[0] == "True"
    assert said(rethinking, "RouteAccepted")[0] == "Unknown"


def test_without_a_gateway_the_url_is_the_service_inside_the_cluster() -> None:
    assert status()["url"] == "http://calm.prod.svc"


def test_a_gateway_that_has_yet_to_take_a_change_of_weights_is_not_said_to_be_missing() -> None:
    behind = status(with_routes(RouteFacts("gw", behind=True)), routing=GATEWAY)
    assert said(behind, "RouteAccepted") == ("Unknown", "RoutePending")
    assert message(behind, "RouteAccepted") == (
        "1 gateway(s) accepted the route before, and have yet to take its last change"
    )
    never = message(status(with_routes(), routing=GATEWAY), "RouteAccepted")
    assert never.endswith("Check that they exist and admit routes of this namespace.")
    two = {**GATEWAY, "parentRefs": [{"name": "gw"}, {"name": "other"}]}
    one_only = message(status(with_routes(RouteFacts("gw", behind=True)), routing=two), "RouteAccepted")
    assert "asked: prod/gw, prod/other. Check" in one_only


@pytest.mark.parametrize(
    ("ends_by", "reason"),
    [(LATER, "Scheduling"), (NOW, "Scheduling"), (NOW - timedelta(minutes=2), "Unschedulable")],
)
def test_a_pod_that_waits_for_the_room_of_one_that_ends_is_not_called_unschedulable(
    ends_by: datetime, reason: str
) -> None:
    """But where a pod never ends, since its node is gone, people read what no node has."""
    waits = PodFacts("q", revision="calm-1", unschedulable="1 Insufficient nvidia.com/gpu.")
    going = PodFacts("p", revision="calm-0", terminating=True, ends_by=ends_by)
    deployment = DeploymentFacts("calm-1", wanted_replicas=1, replicas=1)
    found = status(Facts(pods=(waits, going), deployments=(deployment,)))
    assert said(found, "ModelLoaded")[1] == reason
    alone = status(Facts(pods=(waits,), deployments=(deployment,)))
    assert said(alone, "ModelLoaded") == ("False", "Unschedulable")


def test_the_scale_subresource_gets_replicas_and_a_selector_of_the_stable_revision() -> None:
    found = status()
    assert found["replicas"] == 1
    assert found["selector"] == "serving.paddle-sla.io/service=calm,serving.paddle-sla.io/revision=calm-1"


def test_a_store_that_is_away_when_a_pod_is_added_does_not_unload_the_model() -> None:
    new = PodFacts("q", revision="calm-1", containers=(ContainerFacts("fetch", exit=Exit(14, "Error", "")),))
    deployment = DeploymentFacts("calm-1", wanted_replicas=2, replicas=2, ready_replicas=1)
    found = status(Facts(pods=(*UP.pods, new), deployments=(deployment,)), scaling={"replicas": 2})
    assert said(found, "ModelLoaded") == ("True", "Loaded")
    assert found["model"]["lastFailure"]["reason"] == "StoreUnreachable"
    assert found["stable"]["replicas"] == 2


def test_bytes_that_changed_when_a_pod_is_added_are_told_although_another_pod_serves() -> None:
    new = PodFacts("q", revision="calm-1", containers=(ContainerFacts("fetch", exit=Exit(12, "Error", "")),))
    found = status(Facts(pods=(*UP.pods, new), deployments=UP.deployments))
    assert said(found, "ModelLoaded") == ("False", "DigestMismatch")


def test_a_refused_plan_stalls_with_its_own_reason() -> None:
    refused = Plan((), Course(None), None, None, None, "abc", Refusal(Reason.MODEL_TOO_LARGE, "too large"))
    found = status(Facts(), refused)
    assert said(found, "Ready") == ("False", "ModelTooLarge")
    assert said(found, "Stalled") == ("True", "ModelTooLarge")


def test_pods_that_the_api_server_refuses_are_told_with_its_message() -> None:
    facts = Facts(deployments=(DeploymentFacts("calm-1", pods_refused='exceeded quota: "small"'),))
    found = status(facts)
    ready = next(one for one in found["conditions"] if one["type"] == "Ready")
    assert ready["reason"] == "PodsRefused"
    assert 'exceeded quota: "small"' in ready["message"]


def test_reconciling_and_stalled_are_never_both_true() -> None:
    for facts in (
        UP,
        Facts(),
        Facts(deployments=(DeploymentFacts("calm-1", pods_refused="no"),)),
        with_routes(),
    ):
        found = status(facts, routing=GATEWAY)
        assert (said(found, "Reconciling")[0], said(found, "Stalled")[0]) != ("True", "True")
        settled = said(found, "Ready")[0] == "True"
        assert settled or "True" in (said(found, "Reconciling")[0], said(found, "Stalled")[0])


def test_a_generation_seen_for_the_first_time_is_never_ready_by_inheritance() -> None:
    one_ready = status(scaling={"replicas": 1})
    body = resource(scaling={"replicas": 3})
    body["metadata"]["generation"] = 2
    found = status_of(parse(body), PLAN, UP, one_ready, LATER)
    assert said(found, "Ready") == ("Unknown", "ReplicasNotReady")
    assert {one["observedGeneration"] for one in found["conditions"]} == {2}


def test_there_is_no_news_at_rest() -> None:
    first = status()
    assert news(first, status(before=first, now=LATER)) == ()
    assert {one.reason for one in news({}, first)} == {"Serving", "Loaded", "Complete", "PlainService"}


def test_whether_the_promise_can_be_kept_is_said_from_the_first_look_on() -> None:
    """One pod, and 99.9 % of 30 days: what is known suffices, the rest is not measured."""
    found = status(Facts())
    assert said(found, "SLAFeasible") == ("Unknown", "MoreToMeasure")
    message = next(one["message"] for one in found["conditions"] if one["type"] == "SLAFeasible")
    assert "pays for 6 such losses in 30 days" in message


def test_an_infeasible_promise_stops_nothing() -> None:
    sla = {"objectives": [{"name": "up", "availability": {"targetPercent": "99.999"}}]}
    found = status(sla=sla)
    assert said(found, "SLAFeasible") == ("False", "TooFewReplicas")
    assert said(found, "Ready") == ("True", "Serving")
    assert said(found, "Stalled")[0] == "False"


def test_envoy_gateway_makes_a_strict_promise_feasible() -> None:
    spec: dict[str, Any] = {
        "sla": {"objectives": [{"name": "up", "availability": {"targetPercent": "99.9999"}}]},
        "scaling": {"replicas": 2},
        "routing": GATEWAY,
    }
    assert said(status(Facts(gateway_api=True), **spec), "SLAFeasible") == ("False", "TooFewReplicas")
    assert said(status(Facts(gateway_api=True, envoy_gateway=True), **spec), "SLAFeasible")[0] == "Unknown"


def test_pods_on_one_node_are_told() -> None:
    pods = tuple(PodFacts(f"p{place}", revision="calm-1", ready=True, node="n1") for place in range(2))
    found = status(Facts(pods=pods, deployments=UP.deployments), scaling={"replicas": 2})
    message = next(one["message"] for one in found["conditions"] if one["type"] == "SLAFeasible")
    assert "All 2 pods run on node n1" in message


def test_an_event_tells_that_a_promise_cannot_be_kept_and_none_that_it_is_not_known() -> None:
    sla = {"objectives": [{"name": "up", "availability": {"targetPercent": "99.999"}}]}
    assert "SLAFeasible" not in {one.condition for one in news({}, status())}
    (told,) = [one for one in news(status(), status(sla=sla)) if one.condition == "SLAFeasible"]
    assert told.reason == "TooFewReplicas"
    assert told.warning
