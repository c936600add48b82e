"""What is said before a rollout on scarce accelerators begins, word for word."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from paddle_operator.plan.means import means_of
from paddle_operator.rollout.hosting.capacity import UNKNOWN, Load
from paddle_operator.rollout.hosting.forecast import Forecast, all_at_once, forecast
from paddle_operator.rollout.hosting.price import Price, price_of, round_of
from paddle_operator.rollout.hosting.room import Taint
from paddle_operator.rollout.hosting.words import told, told_of_recreate
from paddle_operator.sla.figures import duration_text
from paddle_operator.sla.means import Allowed, Known, Rate
from paddle_operator.sla.outage import planned_replacement
from paddle_operator.spec.rollout import Surge
from tests.operator.given import a_resource, a_service
from tests.operator.rollout.machines import NPU, Machines, a_node, machines, needs

MEANS = means_of(a_service(a_resource()), envoy_gateway=True)
LOADED = Known(load_seconds=Fraction(38))
BUDGETS = (Allowed("availability", Fraction(1, 1000), 30), Allowed("latency", Fraction(1, 20), 30))
GOLDEN = Path(__file__).parents[2] / "golden" / "rollout" / "hosting.txt"
ONE_DEVICE = machines(1, stable="a")


def priced(given: Machines, known: Known = LOADED, load: Load = UNKNOWN) -> tuple[Forecast, Price]:
    found = forecast(given.look)
    return found, price_of(found, round_of(MEANS, known, given.look.stable), load, BUDGETS)


def words(given: Machines, known: Known = LOADED, load: Load = UNKNOWN, *, asked: Surge | None = None) -> str:
    return told(given.look, *priced(given, known, load), asked or given.look.surge)


def serving(offered: int, capacity: int) -> Load:
    return Load(Fraction(offered), Rate(Fraction(capacity), Fraction(2 * capacity)))


def mixed() -> Machines:
    """A small node, a cordoned one, and one with a taint."""
    many = machines(4, 8, 8, stable="aa", canary=needs(8))
    small, cordoned, tainted = many.nodes
    tainted = replace(tainted, taints=(Taint("team", "vision", "NoSchedule"),))
    return replace(many, nodes=(small, replace(cordoned, cordoned=True), tainted))


def short_of_memory() -> Machines:
    """Seven nodes of 1 GiB."""
    nodes = tuple(a_node(f"n{at}", 1, amounts={"memory": 1 << 30}) for at in range(7))
    return replace(machines(stable_wish=1, canary=needs(1, memory=str(3 << 30))), nodes=nodes)


def fetched_unseen() -> Machines:
    """One device, whose pod does not tell how long its bundles took to come."""
    (pod,) = ONE_DEVICE.stable.pods
    return replace(ONE_DEVICE, stable=replace(ONE_DEVICE.stable, pods=(replace(pod, fetch_seconds=None),)))


SAID = {
    "beside those that serve": words(machines(4, 4, stable="aaa")),
    "beside the only one": words(machines(2, stable="a")),
    "in the place of the only one": words(ONE_DEVICE),
    "in the place of the only one, its loading not measured": words(ONE_DEVICE, Known()),
    "in the place of the only one, its fetching not measured": words(fetched_unseen()),
    "one after the other, load not known": words(machines(3, 0, stable="aaa")),
    "one after the other, under load": words(machines(3, 0, stable="aaa"), load=serving(10, 4)),
    "one after the other, with little load": words(machines(2, stable="aa"), load=serving(4, 5)),
    "one device to spare": words(machines(4, stable="aaa")),
    "one by one because it was asked for": words(machines(9, stable="a", surge=Surge.ONE_BY_ONE)),
    "short of CPUs, not of devices": words(machines(4, 0, stable="a", needed=needs(1, cpu="6"))),
    "no room, and none is to be ended": words(machines(2, 1, stable="aab", surge=Surge.SURGE)),
    "no room, and it has begun beside those that serve": words(
        machines(2, 1, stable="aab", surge=Surge.SURGE), asked=Surge.ONE_BY_ONE
    ),
    "room for one of both, and no stable pod has a place": words(machines(1, stable="-")),
    "room for both, and no stable pod has a place": words(machines(2, stable="-")),
    "no room for another kind of device": words(machines(2, 1, stable="aa", canary=needs(0, **{NPU: "1"}))),
    "no room for a larger pod, and nodes that take none": words(mixed()),
    "room for some": words(machines(2, 1, stable="aab", canary=needs(2))),
    "short of memory on many nodes": words(short_of_memory()),
}


def test_every_case_is_said_word_for_word() -> None:
    told = "\n\n".join(f"{case}:\n{text}" for case, text in SAID.items()) + "\n"
    assert told == GOLDEN.read_text()


def test_a_recreation_where_no_pod_serves_is_not_said_to_end_all_that_do() -> None:
    found = all_at_once(1, 0)
    price = price_of(found, round_of(MEANS, Known(), ONE_DEVICE.stable), UNKNOWN, BUDGETS)
    assert told_of_recreate(found, price).startswith("No stable pod serves; what there is of them is ended")


def test_a_new_pod_takes_as_long_here_as_the_promise_is_told_for_a_drained_node() -> None:
    bare = replace(ONE_DEVICE.stable, pods=())
    for known in (Known(), LOADED):
        ending = MEANS.pre_stop.value + MEANS.drain.value
        taken = round_of(MEANS, known, bare).seconds - ending
        assert f"for up to {duration_text(taken)}:" in planned_replacement(MEANS, known).remark


def test_the_forecast_is_the_same_in_the_middle_of_a_change() -> None:
    going = machines(1, stable="a")
    (pod,) = going.stable.pods
    leaving = replace(going.stable, pods=(replace(pod, leaving=True, ready=False),))
    assert forecast(replace(going, stable=leaving, given={"stable_wish": 1}).canary_on("").look).canary == 1


def test_where_no_stable_pod_has_a_node_the_wish_is_what_counts() -> None:
    assert forecast(machines(3, stable_wish=2).look) == Forecast(Surge.SURGE, canary=2, wanted=2, serving=0)


def test_a_price_is_exact_when_all_of_it_was_measured() -> None:
    assert priced(ONE_DEVICE)[1].exact
    assert not priced(ONE_DEVICE, Known())[1].exact
    assert priced(machines(2, stable="aa"), load=serving(9, 5))[1].exact
    assert not priced(machines(2, stable="aa"))[1].exact


def test_the_largest_weight_that_can_be_hosted_is_by_the_pods_that_find_room() -> None:
    short = machines(2, 1, stable="aab", canary=needs(2))
    assert priced(short)[1].hosts == 33
    assert priced(short, load=serving(10, 5))[1].hosts == 50
    assert priced(machines(2, 1, stable="aab", surge=Surge.SURGE))[1].hosts == 0
    assert priced(ONE_DEVICE)[1].hosts == 100


def test_a_price_is_counted_against_the_objective_that_lets_the_least_fail() -> None:
    _, price = priced(ONE_DEVICE)
    assert (price.without, price.reduced, price.objective) == (47, 0, "availability")
    assert price.spends == Fraction(47) / Fraction(30 * 86_400, 1000)
