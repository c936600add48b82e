"""The address plan and the names, which must never collide or outgrow what the kernel allows."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hack.cluster import constants

NAMES = st.from_regex(constants.NAME_PATTERN, fullmatch=True)


@given(NAMES)
def test_every_part_of_the_plan_lies_in_the_range_of_the_cluster(name: str) -> None:
    plan = constants.addresses_of(name)
    whole = ipaddress.IPv4Network(plan.whole)
    assert whole.is_private
    for part in (plan.services, plan.pods):
        assert ipaddress.IPv4Network(part).subnet_of(whole)
    for address in (plan.node, plan.host_end, plan.node_end):
        assert ipaddress.ip_address(address) in whole
        assert ipaddress.ip_address(address) not in ipaddress.IPv4Network(plan.services)
        assert ipaddress.ip_address(address) not in ipaddress.IPv4Network(plan.pods)


@given(NAMES)
def test_the_dns_address_is_the_tenth_service_address_and_the_api_the_first(name: str) -> None:
    plan = constants.addresses_of(name)
    services = ipaddress.IPv4Network(plan.services)
    assert plan.cluster_dns == str(services[10])
    assert plan.api_service == str(services[1])


@given(NAMES)
def test_both_ends_of_the_link_share_one_small_network(name: str) -> None:
    plan = constants.addresses_of(name)
    ends = [ipaddress.ip_interface(f"{end}/{plan.link_prefix}") for end in (plan.host_end, plan.node_end)]
    assert ends[0].network == ends[1].network
    assert ends[0].ip != ends[1].ip


@given(NAMES)
def test_a_link_name_fits_into_the_kernels_fifteen_bytes(name: str) -> None:
    assert len(constants.link_of(name).encode()) <= 15


def test_the_projects_own_clusters_have_ranges_of_their_own_that_no_other_name_gets() -> None:
    own = [constants.slot_of(name) for name in ("demo", "e2e", "test")]
    assert own == [0, 1, 2]
    assert all(constants.slot_of(f"x{number}") > 2 for number in range(500))
    assert all(constants.slot_of(f"x{number}") < 50 for number in range(500))


@pytest.mark.parametrize("name", ["", "Demo", "1st", "a-b", "averylongname", "demo\n", "../x"])
def test_a_name_that_cannot_be_part_of_a_link_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 8 lower-case letters or digits"):
        constants.check_name(name)
