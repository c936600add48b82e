"""Which routes of the machine stand in the way of a cluster."""

from __future__ import annotations

from hack.cluster import network
from hack.cluster.constants import addresses_of

PLAN = addresses_of("demo")


def test_a_default_route_and_foreign_ranges_are_no_conflict() -> None:
    known = [{"dst": "default", "dev": "eth0"}, {"dst": "172.17.0.0/16", "dev": "docker0"}]
    assert network.conflicts(PLAN, known) == []


def test_a_wider_a_narrower_and_a_single_address_that_overlap_are_conflicts() -> None:
    known = [
        {"dst": "10.0.0.0/8", "dev": "tun0"},
        {"dst": "10.200.5.0/24", "dev": "eth1"},
        {"dst": "10.200.0.9", "dev": "eth2"},
    ]
    assert network.conflicts(PLAN, known) == [
        "10.0.0.0/8 dev tun0",
        "10.200.5.0/24 dev eth1",
        "10.200.0.9 dev eth2",
    ]


def test_another_cluster_whose_name_gives_the_same_range_is_a_conflict() -> None:
    assert network.conflicts(PLAN, [{"dst": PLAN.whole, "dev": "psla-other"}]) == [
        "10.200.0.0/16 dev psla-other"
    ]
