"""The rules of others, as their documentation has them, against revisions that fail always or never."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from paddle_operator.simulation import ome
from paddle_operator.simulation.argo import FASTEST, Argo
from paddle_operator.simulation.flagger import Flagger
from paddle_operator.simulation.table import Rule
from paddle_operator.simulation.world import End, Ending, Scenario, World


def end(rule: Rule, share: float, rate: int = 20, until: float = float("inf")) -> End:
    """Of a canary that fails such a share, until a minute."""
    scenario = Scenario("", lambda seconds, _: share if seconds < until * 60 else 0.0, lambda *_: 0.0)
    return rule(World(scenario, rate, Fraction(1, 2), Random(1)))


def test_flagger_rises_by_five_percent_a_minute_and_promotes_after_the_tenth_check() -> None:
    assert end(Flagger(), 0.0) == End(Ending.PROMOTED, 10, 0)


def test_flagger_rolls_back_at_the_tick_after_the_tenth_failed_check() -> None:
    assert end(Flagger(), 1.0).ending is Ending.ROLLED_BACK
    assert end(Flagger(), 1.0).minutes == 11


def test_flagger_never_forgets_a_failed_check() -> None:
    recovered = end(Flagger(threshold=3), 1.0, until=3)
    assert recovered.ending is Ending.ROLLED_BACK
    assert end(Flagger(threshold=4), 1.0, until=3).minutes == 13


def test_flagger_counts_no_requests_as_a_failed_check() -> None:
    assert end(Flagger(), 0.0, rate=0).ending is Ending.ROLLED_BACK


def test_flagger_in_a_hurry_rolls_back_after_two_ticks_of_ten_seconds() -> None:
    assert end(Flagger(interval_seconds=10, threshold=1), 1.0).minutes == pytest.approx(1 / 3)


def test_argo_promotes_when_all_steps_are_over() -> None:
    assert end(Argo(), 0.0) == End(Ending.PROMOTED, 40, 0)
    assert end(FASTEST, 0.0) == End(Ending.PROMOTED, 6, 0)


def test_argo_looks_from_the_second_weight_on_and_rolls_back_at_the_fourth_failed_measurement() -> None:
    assert end(Argo(), 1.0).ending is Ending.ROLLED_BACK
    assert end(Argo(), 1.0).minutes == 25, "measured after 10, 15, 20 and 25 minutes"
    assert end(Argo(), 1.0, until=10).ending is Ending.PROMOTED, "the last scrape before is one of the past"


def test_argo_never_forgets_a_failed_measurement() -> None:
    assert end(Argo(failure_limit=1), 1.0, until=15).minutes == 15
    assert end(Argo(failure_limit=2), 1.0, until=15) != end(Argo(failure_limit=1), 1.0, until=15)
    twice = Argo(failure_limit=1, interval_seconds=60, begins_at=0)
    assert end(twice, 1.0, until=2).minutes == 2


def test_the_ratio_of_argos_example_is_that_of_the_last_two_scrapes() -> None:
    nearly = end(Argo(failure_limit=0), 1.0, until=10 - 6 / 60)
    assert nearly.ending is Ending.PROMOTED


def test_argo_takes_no_requests_for_a_failure_in_its_example_and_for_none_where_it_is_told_to() -> None:
    assert end(Argo(), 0.0, rate=0).ending is Ending.ROLLED_BACK
    assert end(FASTEST, 0.0, rate=0).ending is Ending.PROMOTED


def test_argo_in_a_hurry_rolls_back_at_its_first_scrape() -> None:
    assert end(FASTEST, 1.0).minutes == pytest.approx(5 / 60)


def test_ome_promotes_at_the_first_good_sample_after_ten_minutes() -> None:
    assert end(ome.rollout, 0.0) == End(Ending.PROMOTED, 10, 0)


def test_ome_rolls_back_at_the_third_bad_sample_of_which_the_first_is_in_minute_three() -> None:
    assert end(ome.rollout, 1.0).ending is Ending.ROLLED_BACK
    assert end(ome.rollout, 1.0).minutes == 5


def test_ome_judges_the_last_five_minutes() -> None:
    assert end(ome.rollout, 1.0, until=1).minutes == 10
    assert end(ome.rollout, 1.0, until=3).ending is Ending.ROLLED_BACK, "3 of the last 5 are still bad"


def test_ome_parks_a_canary_that_nobody_asks() -> None:
    parked = end(ome.rollout, 0.0, rate=0)
    assert parked.ending is Ending.HELD
    assert parked.minutes == 16


def test_who_was_failed_by_the_canary_is_counted() -> None:
    hit = end(ome.rollout, 1.0)
    assert 1300 < hit.callers_hit < 1700, "a quarter of 20 requests a second for five minutes"
