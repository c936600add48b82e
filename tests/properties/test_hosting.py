"""A rollout on scarce devices ends with the canary serving, and takes no more than was said before."""

from __future__ import annotations

from random import Random

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from paddle_operator.rollout.hosting.forecast import Forecast, forecast
from paddle_operator.rollout.hosting.next_pods import next_pods
from paddle_operator.spec.rollout import Surge
from tests.operator.rollout.cluster_model import LOADING, Cluster, Fleet
from tests.operator.rollout.machines import GPU, a_node, needs

LOOKS = 40
ANY_SURGE = st.sampled_from(Surge)
SEEDS = st.integers(0, 2**32)
DEVICES = st.lists(st.integers(0, 4), min_size=1, max_size=3)


def a_cluster(gpus: list[int], pods: int, each: int, canary_each: int, random: Random) -> Cluster:
    """A cluster whose stable revision has settled: as many of its pods serve as find room."""
    nodes = {f"node-{at}": a_node(f"node-{at}", count) for at, count in enumerate(gpus)}
    made = Cluster(nodes, Fleet(needs(each), pods), Fleet(needs(canary_each)), random)
    made.stable.controlled("stable", (), random)
    for _ in range(LOADING + 1):
        made.tick()
    return made


def run(cluster: Cluster, wish: int, surge: Surge, said: Forecast, *, crashes: bool = False) -> None:
    """Let the operator look, write, and now and then end halfway; time passes in between."""
    devices = sum(int(node.free.get(GPU, 0)) for node in cluster.nodes.values())
    for _ in range(LOOKS):
        look = cluster.look(wish, surge, said.least)
        move = next_pods(look, said.canary)
        asked = min(move.stable, len(look.stable.placed)) * look.stable.needs.asks[GPU]
        assert asked + min(move.canary, said.canary) * look.canary.needs.asks[GPU] <= devices
        cluster.write(move, half=crashes and cluster.random.random() < 0.3)
        for _ in range(cluster.random.randint(1, 3)):
            cluster.tick()
            assert all(node.free.get(GPU, 0) >= 0 for node in cluster.left.values())
            assert cluster.serving >= said.least, "fewer pods serve than was said before"


@settings(deadline=None, max_examples=60)
@given(DEVICES, st.integers(1, 5), st.integers(1, 2), st.integers(1, 3), ANY_SURGE, SEEDS, st.booleans())
def test_every_rollout_gets_as_far_as_was_said_and_no_pod_too_many_is_ended(
    gpus: list[int], pods: int, each: int, canary_each: int, surge: Surge, seed: int, crashes: bool
) -> None:
    cluster = a_cluster(gpus, pods, each, canary_each, Random(seed))
    assume(cluster.serving)
    said = forecast(cluster.look(pods, surge))
    event(f"{said.way}, refused: {said.refused}")
    run(cluster, pods, surge, said, crashes=crashes)
    assert cluster.canary.ready == said.canary
    if surge is Surge.SURGE:
        assert cluster.stable.ready == said.serving


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([Surge.AUTO, Surge.ONE_BY_ONE]), st.integers(1, 3), SEEDS, st.booleans())
def test_one_device_never_is_a_deadlock(surge: Surge, wish: int, seed: int, crashes: bool) -> None:
    """Whatever the wish: a stable pod that waits for a second device is not in the way."""
    cluster = a_cluster([1], wish, 1, 1, Random(seed))
    said = forecast(cluster.look(wish, surge))
    assert (said.canary, said.rounds, said.refused) == (1, (0,), False)
    run(cluster, wish, surge, said, crashes=crashes)
    assert (cluster.canary.ready, cluster.stable.ready, cluster.waiting) == (1, 0, [])


@settings(deadline=None, max_examples=60)
@given(DEVICES, st.integers(1, 5), st.integers(1, 2), st.integers(1, 3), SEEDS)
def test_a_room_that_somebody_else_takes_costs_no_more_than_was_said(
    gpus: list[int], pods: int, each: int, canary_each: int, seed: int
) -> None:
    cluster = a_cluster(gpus, pods, each, canary_each, Random(seed))
    said = forecast(cluster.look(pods, Surge.AUTO))
    for _ in range(LOOKS):
        move = next_pods(cluster.look(pods, Surge.AUTO, said.least), said.canary)
        cluster.write(move)
        name, node = cluster.random.choice([*cluster.left.items()])
        if node.free.get(GPU, 0) > 0:  # a pod of somebody else's is quicker, and stays
            cluster.nodes[name] = cluster.nodes[name].with_taken(needs(1).asks)
        cluster.tick()
        assert cluster.serving >= min(said.least, said.serving)
