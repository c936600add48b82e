"""Whatever a rollout decides and wherever the operator dies: requests go only to pods that are there."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from paddle_operator.plan import RETIRE_SECONDS, LiveRevision, Plan, Role
from paddle_operator.plan.live import live_revision
from paddle_operator.rollout.course import Course
from tests.operator.given import NOON, Resource, World, a_resource, a_service, a_world, planned, the, weights

WISHES = [a_resource().with_("spec.runtime.queue", {"maxRequests": count}) for count in (1, 2, 3, 4)]
REVISION = "serving.paddle-sla.io/revision"


def seen(resource: Resource) -> LiveRevision:
    found = live_revision(the(planned(a_service(resource)), "Deployment"))
    assert found is not None
    return found


REVISIONS = [seen(one) for one in WISHES]
NAMES = [one.name for one in REVISIONS]


@st.composite
def live_sets(draw: st.DrawFn) -> tuple[LiveRevision, ...]:
    """Any of the revisions in any state, also one whose record is damaged."""
    chosen = draw(st.lists(st.sampled_from(REVISIONS), unique_by=lambda one: one.name, max_size=4))
    found = []
    for one in chosen:
        replicas = draw(st.integers(0, 5))
        found.append(
            replace(
                one,
                revision=draw(st.sampled_from([one.revision, one.revision, None])),
                role=draw(st.sampled_from(Role)),
                replicas=replicas,
                ready_replicas=draw(st.integers(0, replicas)),
                retired_at=draw(st.sampled_from([None, NOON, NOON - timedelta(hours=1)])),
                owns_replicas=draw(st.booleans()),
                rejected=draw(st.sampled_from(["", "Broken"])),
            )
        )
    return tuple(found)


def courses() -> st.SearchStrategy[Course]:
    """Anything at all, also names that nobody knows and one name in two roles."""
    name = st.sampled_from([*NAMES, "ocr-forgotten", None])
    return st.builds(
        Course,
        stable=name,
        canary=name,
        canary_weight=st.integers(0, 100),
        canary_replicas=st.integers(0, 5),
        previous=name,
        history=st.lists(st.sampled_from(NAMES), unique=True, max_size=2).map(tuple),
        rejected=st.dictionaries(st.sampled_from(NAMES), st.just("Broken"), max_size=2),
    )


def any_plan(
    wish: Resource, course: Course | None, live: tuple[LiveRevision, ...], *, known: bool, route: bool
) -> Plan:
    asked = wish.through("gw") if route else wish
    digest = {} if known else {"digest": None}
    return planned(a_service(asked), live=live, course=course, **digest)  # type: ignore[arg-type]


PLANS: Mapping[str, Any] = {
    "wish": st.sampled_from(WISHES),
    "course": st.one_of(st.none(), courses()),
    "live": live_sets(),
    "known": st.booleans(),
}


@given(**PLANS)
@settings(max_examples=300)
def test_the_weights_of_every_rule_are_a_hundred_and_each_backend_is_there(**asked: Any) -> None:
    made = any_plan(**asked, route=True)
    there = {item["metadata"]["name"] for item in made.objects if item["kind"] == "Service"}
    deployed = {item["metadata"]["name"] for item in made.objects if item["kind"] == "Deployment"}
    routes = [item for item in made.objects if item["kind"] == "HTTPRoute"]
    assert len(routes) == (made.stable is not None)
    for route in routes:
        for place in range(len(route["spec"]["rules"])):
            shares = weights(route, place)
            assert sum(shares.values()) == 100
            assert shares.keys() <= there
            assert {name for name, share in shares.items() if share} <= deployed | {*made.untouched}
        assert made.course.rejected.keys().isdisjoint(weights(route).keys() - {made.stable})
        ready = {one.name for one in asked["live"] if one.ready_replicas}
        assert {name for name, share in weights(route).items() if share} - {made.stable} <= ready


@given(**PLANS)
@settings(max_examples=200)
def test_pods_that_requests_are_sent_to_stay_as_many_as_they_are(**asked: Any) -> None:
    made = any_plan(**asked, route=True)
    before = {one.name: one.replicas for one in asked["live"]}
    recreated = asked["course"] is not None and asked["course"].stable is None
    if not recreated and (made.course.canary_weight or made.course.previous):
        for item in made.objects:
            if item["kind"] == "Deployment" and item["metadata"]["name"] == made.stable:
                assert item["spec"].get("replicas", 99) >= before.get(str(made.stable), 0)
    assert sum(item["kind"] == "HorizontalPodAutoscaler" for item in made.objects) <= 1


@given(**PLANS)
@settings(max_examples=200)
def test_capacity_comes_before_weight_and_goes_after_it(**asked: Any) -> None:
    made = any_plan(**asked, route=True)
    order = [(item["kind"], item["metadata"]["name"]) for item in made.objects]
    if ("HTTPRoute", "ocr") not in order:
        return
    place = {key: order.index(key) for key in order}
    before = {one.name: one.replicas for one in asked["live"]}
    for item in made.objects:
        kind, name = item["kind"], item["metadata"]["name"]
        if kind == "Service" and name in NAMES:
            assert place[kind, name] < place["HTTPRoute", "ocr"]
        if kind == "Deployment" and name != made.stable:
            replicas = item["spec"].get("replicas", before.get(name, 0))
            takes = made.course.weight(name) > 0
            first = place[kind, name] < place["HTTPRoute", "ocr"]
            assert first == (takes and replicas >= before.get(name, 0))


@given(**PLANS, order=st.randoms(), route=st.booleans())
@settings(max_examples=100)
def test_equal_input_gives_equal_plans_in_whatever_order_it_is_listed(
    live: tuple[LiveRevision, ...], order: random.Random, **asked: Any
) -> None:
    shuffled = list(live)
    order.shuffle(shuffled)
    assert any_plan(**asked, live=live) == any_plan(**asked, live=tuple(shuffled))


@given(**PLANS, route=st.booleans())
@settings(max_examples=100)
def test_what_can_be_carried_out_is_carried_out_unchanged(course: Course | None, **asked: Any) -> None:
    made = any_plan(**asked, course=course)
    assert any_plan(**asked, course=made.course).course == made.course


ENDS = st.sampled_from(["up", "up", "slow"]) | st.integers(0, 20)


class Rollouts(RuleBasedStateMachine):
    """A rollout that goes on, fails or is superseded, pods that come up late, an operator that dies."""

    @initialize(route=st.booleans(), baking=st.booleans(), weight=st.integers(0, 100))
    def start(self, route: bool, baking: bool, weight: int) -> None:
        self.route = route
        self.world: World = a_world(self.asking(0)).settles()
        self.course = Course(self.world.serving)
        if baking:
            self.somebody_asks_for_another_revision(1, 1, "up")
            self.the_canary_is_promoted("up")
            self.somebody_asks_for_another_revision(2, 1, "up")
            self.a_step_begins(weight, 1, "up")

    def asking(self, wish: int) -> Resource:
        return WISHES[wish].through("gw") if self.route else WISHES[wish]

    def decide(self, course: Course, ends: int | str) -> None:
        """The operator carries it out, or dies after so many writes. Pods come up, or not yet."""
        self.course = course
        self.world.decides(course).reconcile(crash_after=ends if isinstance(ends, int) else None)
        if ends == "up":
            for name in sorted(self.world.deployments):
                self.world.becomes_ready(name)

    @rule(wish=st.integers(0, 3), replicas=st.integers(1, 3), ends=ENDS)
    def somebody_asks_for_another_revision(self, wish: int, replicas: int, ends: int | str) -> None:
        """Also in mid-rollout: a newer wish supersedes the canary. What was rejected is tried again."""
        target = self.world.wants(self.asking(wish)).look().target
        if target != self.course.stable:
            previous = None if self.course.previous == target else self.course.previous
            rejected = {name: why for name, why in self.course.rejected.items() if name != target}
            tried = Course(
                self.course.stable, target, canary_replicas=replicas, previous=previous, rejected=rejected
            )
            self.decide(tried, ends)

    @precondition(lambda self: self.course.canary is not None)
    @rule(weight=st.integers(0, 100), replicas=st.integers(1, 3), ends=ENDS)
    def a_step_begins(self, weight: int, replicas: int, ends: int | str) -> None:
        self.decide(replace(self.course, canary_weight=weight, canary_replicas=replicas), ends)

    @precondition(lambda self: self.world.ready.get(str(self.course.canary)))
    @rule(ends=ENDS)
    def the_canary_is_promoted(self, ends: int | str) -> None:
        promoted = Course(self.course.canary, previous=self.course.stable, rejected=self.course.rejected)
        self.decide(promoted, ends)

    @precondition(lambda self: self.course.canary is not None)
    @rule(ends=ENDS)
    def the_canary_is_rejected(self, ends: int | str) -> None:
        rejected = {**self.course.rejected, str(self.course.canary): "Broken"}
        self.decide(Course(self.course.stable, previous=self.course.previous, rejected=rejected), ends)

    @precondition(lambda self: self.world.ready.get(str(self.course.previous)))
    @rule(ends=ENDS)
    def the_promotion_is_taken_back(self, ends: int | str) -> None:
        rejected = {**self.course.rejected, str(self.course.stable): "FastBurn"}
        rejected.pop(str(self.course.previous), None)
        self.decide(Course(self.course.previous, rejected=rejected), ends)

    @precondition(lambda self: self.course.previous is not None)
    @rule(ends=ENDS)
    def the_bake_ends(self, ends: int | str) -> None:
        self.decide(replace(self.course, previous=None), ends)

    @rule(seconds=st.sampled_from([1, RETIRE_SECONDS]), ends=ENDS)
    def time_passes(self, seconds: int, ends: int | str) -> None:
        self.world.after(seconds)
        self.decide(self.course, ends)

    @invariant()
    def requests_go_to_pods_that_are_there(self) -> None:
        shares = self.world.backends if self.route else {}
        for name in (name for name, share in shares.items() if share):
            assert ("Service", name) in self.world.objects
            assert self.world.ready.get(name), f"{name} takes requests and has no pod"
        if REVISION in self.world.selector:
            assert self.world.ready.get(self.world.selector[REVISION])

    @invariant()
    def no_third_revision_is_among_the_pods_of_a_plain_service(self) -> None:
        if REVISION not in self.world.selector:
            assert sum(count > 0 for count in self.world.ready.values()) <= 2

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.decide(replace(self.course, canary_weight=0), "up")
        if self.route:
            assert self.world.backends[str(self.course.stable)] == 100
        assert self.world.serving == self.course.stable


Rollouts.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestRollouts = Rollouts.TestCase
