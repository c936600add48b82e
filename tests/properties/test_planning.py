"""Whatever is asked for and in whatever order: plans are stable, names are valid, somebody always serves."""

from __future__ import annotations

import json
import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from paddle_operator.plan import RETIRE_SECONDS, Scaler
from paddle_operator.plan.diff import Keep, diff
from paddle_operator.plan.live import live_revision
from tests.operator.given import (
    DIGEST,
    OTHER_DIGEST,
    UID,
    Resource,
    World,
    a_resource,
    a_service,
    a_world,
    planned,
)
from tests.operator.stored import stored
from tests.properties.resources import correct_resources

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@given(correct_resources())
@settings(max_examples=60)
def test_every_name_is_valid_and_no_object_is_there_twice(resource: Resource) -> None:
    made = planned(a_service(resource))
    keys = [(item["kind"], item["metadata"]["name"]) for item in made.objects]
    assert len(set(keys)) == len(keys)
    for item in made.objects:
        assert NAME.fullmatch(item["metadata"]["name"])
        for value in item["metadata"]["labels"].values():
            assert len(value) <= 63


@given(correct_resources())
@settings(max_examples=60)
def test_equal_input_gives_byte_equal_plans(resource: Resource) -> None:
    one, two = planned(a_service(resource)), planned(a_service(resource))
    assert json.dumps(one.objects) == json.dumps(two.objects)
    assert one == two


@given(correct_resources())
@settings(max_examples=40)
def test_a_record_gives_back_the_revision_that_was_recorded(resource: Resource) -> None:
    made = planned(a_service(resource))
    deployment = next(item for item in made.objects if item["kind"] == "Deployment")
    found = live_revision(deployment)
    assert found is not None
    assert found.revision is not None
    assert found.revision.name(resource.body["metadata"]["name"]) == found.name == made.stable


@given(correct_resources(), st.randoms())
@settings(max_examples=40)
def test_the_order_in_which_revisions_are_listed_does_not_matter(
    resource: Resource, order: random.Random
) -> None:
    world = a_world(resource).settles()
    world.wants(resource.with_("spec.probes", {"periodSeconds": 7})).reconcile()
    live = list(world.live)
    order.shuffle(live)
    assert planned(world.service, live=tuple(live)) == planned(world.service, live=world.live)


@given(correct_resources())
@settings(max_examples=40)
def test_once_applied_nothing_is_left_to_write(resource: Resource) -> None:
    world = a_world(resource).settles()
    live = [stored(item) for item in world.objects.values()]
    assert {type(action) for action in diff(world.look(), live, UID)} == {Keep}


class Rollouts(RuleBasedStateMachine):
    """A user who changes their mind, pods that become ready or not, crashes, time that passes."""

    @initialize()
    def start(self) -> None:
        self.world: World = a_world().settles()
        self.served = False

    @rule(requests=st.sampled_from([1, 2, 3]), replicas=st.integers(1, 3))
    def somebody_edits(self, requests: int, replicas: int) -> None:
        edited = a_resource().with_("spec.runtime.queue", {"maxRequests": requests})
        self.world.wants(edited.replicas(replicas))

    @rule(requests=st.sampled_from([1, 2, 3]))
    def somebody_lets_a_scaler_decide(self, requests: int) -> None:
        edited = a_resource().with_("spec.runtime.queue", {"maxRequests": requests})
        self.world.wants(edited.scaled())

    @rule(replicas=st.integers(2, 10))
    def the_scaler_decides(self, replicas: int) -> None:
        serving = str(self.world.serving)
        if any((kind, serving) in self.world.objects for kind in Scaler):
            self.world.scales(serving, replicas)

    @rule(version=st.sampled_from(["1", "2"]), digest=st.sampled_from([None, DIGEST, OTHER_DIGEST]))
    def somebody_uploads(self, version: str, digest: str | None) -> None:
        self.world.wants(a_resource().with_("spec.model.version", version)).finds(digest)

    @rule()
    def pods_of_all_become_ready(self) -> None:
        for name in self.world.deployments:
            self.world.becomes_ready(name)

    @rule(seconds=st.sampled_from([0, 1, RETIRE_SECONDS, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.after(seconds)

    @rule()
    def the_operator_looks(self) -> None:
        before, scaling = self.world.serving, self.world.service.spec.scaling
        number = self.world.replicas(before) if before else 0
        ready = dict(self.world.ready)
        made = self.world.reconcile()
        assert made.stable is not None
        wanted = min(number, scaling.most) if scaling.scales else scaling.least
        if self.world.serving != before:
            assert ready.get(str(self.world.serving), 0) >= wanted, "traffic moved to pods that are not ready"
        if scaling.scales and before in self.world.deployments:
            assert self.world.replicas(before) >= number, "pods that serve were taken away"

    @rule(writes=st.integers(0, 12))
    def the_operator_dies_while_writing(self, writes: int) -> None:
        self.world.reconcile(crash_after=writes)

    @invariant()
    def somebody_serves(self) -> None:
        if hasattr(self, "world"):
            assert self.world.serving is not None
            assert self.world.ready.get(self.world.serving, 0) > 0

    @invariant()
    def a_revision_that_takes_over_is_the_one_that_is_asked_for(self) -> None:
        if hasattr(self, "world") and self.world.last is not None and self.world.last.canary is not None:
            assert self.world.last.canary != self.world.last.stable

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finds(DIGEST).settles().after(RETIRE_SECONDS).settles()
            assert self.world.deployments == {self.world.serving}
            assert self.world.look().target == self.world.serving


Rollouts.TestCase.settings = settings(max_examples=50, stateful_step_count=40)
TestRollouts = Rollouts.TestCase
