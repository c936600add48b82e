"""Target Auto: nothing is scaled by a guess, and the number changes seldom and never beyond what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hack.generated import ROOT
from paddle_operator.plan import Plan, Scaler
from paddle_operator.plan.diff import Keep, Patch, diff
from paddle_operator.plan.learned_target import RAISED, TOLERATED, learned_target, target_from, text_of
from paddle_operator.plan.means import terms_of
from paddle_operator.sla.learning import Seen
from paddle_operator.sla.means import Rate, Unhurried
from paddle_operator.sla.profile import Profile, known_of, seen_at_work
from paddle_operator.sla.working import Worked
from paddle_operator.spec import Service
from tests.operator.given import (
    EVERY_DEVICE,
    NOON,
    UID,
    WITH_KEDA,
    World,
    a_resource,
    a_service,
    a_world,
    handed,
    the,
)
from tests.operator.stored import stored

AUTO = {"name": "qps", "type": "RequestsPerReplica", "target": {"type": "Auto"}}
FIXED = {"name": "qps", "type": "RequestsPerReplica", "target": {"value": "200"}}
CPU = {"name": "cpu", "type": "CPUUtilization", "target": {"value": "70"}}
GOLDEN = ROOT / "tests" / "golden" / "scaling"
rates = st.fractions(min_value=Fraction(1, 1000), max_value=100_000)
written = st.decimals(min_value=Decimal("0.001"), max_value=100_000, places=3)


def an_auto_world(*metrics: dict[str, Any], platform: Any = WITH_KEDA) -> World:
    """One revision that serves with 4 pods, of which nothing is known yet."""
    world = a_world(a_resource().replicas(4))
    world.platform = platform
    return world.settles().wants(a_resource().scaled(metrics=list(metrics) or [AUTO])).settles()


def a_profile(service: Service, revision: str, requests_a_second: float) -> Profile:
    """What is known after twenty minutes in which a replica was busy half of the time, and all was good."""
    terms, requests = terms_of(service, envoy_gateway=True), round(60 * requests_a_second)
    kept = {one.name: requests for one in terms.demands}
    seen = Seen(60.0, 1, 30.0, requests, requests, kept, waited=requests // 2)
    worked = Worked(revision, seen, 0, Unhurried(requests, 0, ()), load_seconds=3)
    profile = Profile()
    for minute in range(20):
        profile = seen_at_work(profile, (worked,), terms, NOON + timedelta(minutes=minute - 20))
    return profile


def learns(world: World, revision: str | None, requests_a_second: float) -> World:
    """Let so much load on a replica of the revision be all that was seen."""
    world.profile = a_profile(world.service, str(revision), requests_a_second)
    return world


def scalers(made: Plan) -> list[str]:
    return [item["kind"] for item in made.objects if item["kind"] in set(Scaler)]


def threshold(made: Plan) -> str:
    (trigger,) = the(made, "ScaledObject")["spec"]["triggers"]
    return str(trigger["metadata"]["threshold"])


def relied_on(world: World, revision: str | None = None) -> Decimal:
    """The lower end of what is known."""
    terms = terms_of(world.service, envoy_gateway=True)
    capacity = known_of(world.profile, revision or world.serving, terms).capacity
    assert capacity is not None
    return Decimal(capacity.low.numerator) / capacity.low.denominator


@given(low=rates, last=st.none() | written)
def test_a_replica_at_what_a_scaler_tolerates_has_no_more_than_it_can_be_relied_on_for(
    low: Fraction, last: Decimal | None
) -> None:
    found = learned_target(Rate(low, low * 2), last)
    assert found is not None
    assert Fraction(found * TOLERATED) <= low
    assert Fraction(found * TOLERATED * RAISED) * Fraction(11, 10) > low, "and not far less"
    assert target_from(text_of(found)) == found


@given(low=rates, wobble=st.lists(st.fractions(1, Fraction(109, 100)), max_size=20))
def test_it_is_not_written_again_for_a_little_more(low: Fraction, wobble: list[Fraction]) -> None:
    first = learned_target(Rate(low, low * 2), None)
    assert first is not None
    base = Fraction(first * TOLERATED)
    kept = {learned_target(Rate(base * more, base * 3), first) for more in wobble}
    assert kept <= {first}


def test_it_goes_down_at_once_and_up_when_it_is_worth_it() -> None:
    seen, last = [], None
    for low in (Fraction(22), Fraction(24), Fraction("24.3"), Fraction(21), Fraction(22)):
        last = learned_target(Rate(low, low * 2), last)
        seen.append(last)
    assert seen == [Decimal(20), Decimal(20), Decimal(22), Decimal(19), Decimal(19)]


@pytest.mark.parametrize("capacity", [None, Rate(Fraction(0), Fraction(9))])
def test_where_nothing_is_known_the_last_one_stays(capacity: Rate | None) -> None:
    assert learned_target(capacity, None) is None
    assert learned_target(capacity, Decimal(7)) == Decimal(7)


@pytest.mark.parametrize("text", ["", "0", "-1", "1e9", "NaN", "7 ", "٧", "a"])
def test_what_somebody_else_wrote_is_not_taken_for_one(text: str) -> None:
    assert target_from(text) is None


# In the plan.


def test_until_something_is_known_the_pods_that_there_are_stay() -> None:
    world = an_auto_world()
    made = world.look()
    assert scalers(made) == []
    assert made.scale.refusal is not None
    assert made.scale.refusal.reason == "CapacityUnknown"
    assert "50 requests in 8 measured intervals" in made.scale.refusal.message
    assert world.replicas(world.serving) == 4


def test_a_new_service_begins_with_the_minimum() -> None:
    world = a_world(a_resource().scaled(metrics=[AUTO], minReplicas=3)).settles()
    world.platform = WITH_KEDA
    assert world.settles().replicas(world.serving) == 3


def test_beside_another_metric_it_asks_for_nothing_until_it_is_known() -> None:
    world = an_auto_world(CPU, AUTO)
    assert [one["type"] for one in the(world.look(), "ScaledObject")["spec"]["triggers"]] == ["cpu"]
    learns(world, world.serving, 20)
    assert [one["type"] for one in the(world.look(), "ScaledObject")["spec"]["triggers"]] == [
        "cpu",
        "prometheus",
    ]


@pytest.mark.parametrize(("backend", "platform"), [("Auto", WITH_KEDA), ("HPA", EVERY_DEVICE)])
def test_it_is_learned_from_prometheus_and_so_needs_one(backend: str, platform: Any) -> None:
    resource = a_resource().scaled(metrics=[AUTO, CPU], backend=backend)
    world = a_world(resource)
    world.platform = replace(platform, prometheus_url="")
    made = world.settles().look()
    assert made.scale.refusal is not None
    assert made.scale.refusal.reason == "PrometheusNotConfigured"


def test_what_is_known_becomes_the_target_and_the_number_is_handed_over_without_a_dip() -> None:
    world = an_auto_world()
    made = learns(world, world.serving, 20).reconcile()
    assert handed(made) == {world.serving: 4}
    assert (
        relied_on(world) / TOLERATED * Decimal("0.9")
        < Decimal(threshold(made))
        <= relied_on(world) / TOLERATED
    )
    assert world.settles().replicas(world.serving) == 4


def test_the_scaler_is_not_written_again_until_it_is_worth_it() -> None:
    world = an_auto_world()
    first = threshold(learns(world, world.serving, 20).reconcile())
    for rate in (20.5, 21, 20.2):
        made = learns(world, world.serving, rate).look()
        assert threshold(made) == first
        live = [stored(item) for item in world.objects.values()]
        kept = [one.key.kind for one in diff(made, live, UID) if isinstance(one, Keep)]
        assert "ScaledObject" in kept
    assert Decimal(threshold(learns(world, world.serving, 40).reconcile())) > Decimal(first)


def test_what_was_forgotten_changes_nothing() -> None:
    world = an_auto_world()
    first = threshold(learns(world, world.serving, 20).reconcile())
    world.profile = Profile()
    assert threshold(world.reconcile()) == first


def test_a_new_revision_goes_on_with_the_target_until_it_is_known_itself() -> None:
    world = an_auto_world()
    old = world.serving
    first = threshold(learns(world, old, 20).reconcile())
    resource = a_resource().scaled(metrics=[AUTO]).on("CPU", pod={"env": [{"name": "A", "value": "b"}]})
    world.wants(resource).settles()
    assert world.serving != old
    assert threshold(world.look()) == first
    learns(world, world.serving, 2)
    assert Decimal(threshold(world.look())) <= relied_on(world) / TOLERATED < Decimal(first)


def test_a_number_that_is_given_leaves_no_record_of_the_learned_one() -> None:
    world = an_auto_world()
    learns(world, world.serving, 20).reconcile()
    live = [stored(item) for item in world.objects.values()]
    made = world.wants(a_resource().scaled(metrics=[FIXED])).look()
    (patch,) = [
        one for one in diff(made, live, UID) if isinstance(one, Patch) and one.object["kind"] in set(Scaler)
    ]
    assert "metadata.annotations" in patch.fields
    assert threshold(made) == "200"


@pytest.mark.parametrize(
    ("platform", "kind"), [(WITH_KEDA, Scaler.KEDA), (replace(WITH_KEDA, keda=False), Scaler.HPA)]
)
def test_whole_scalers_with_a_learned_target(platform: Any, kind: Scaler) -> None:
    world = an_auto_world(AUTO, CPU, platform=platform)
    found = the(learns(world, world.serving, 20).look(), kind)
    golden = GOLDEN / f"learned-{kind.lower()}.yaml"
    assert yaml.safe_load(golden.read_text(encoding="utf-8")) == found


def test_the_number_of_a_service_without_auto_asks_for_no_profile() -> None:
    assert a_service(a_resource().scaled()).spec.scaling.learned == ()
