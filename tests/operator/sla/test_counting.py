"""From samples to whole numbers, and what of the time is unknown."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from paddle_operator.sla.answer import Failed, NoData, Stale, Value
from paddle_operator.sla.counting import count, unless_stale
from paddle_operator.sla.series import Sample, series_text
from paddle_operator.sla.unknown import Cause, Unknown, clipped, time_of
from tests.operator.sla.counters import SCRAPING, at, counted, requests, span, spans


def test_what_rose_between_two_samples_belongs_to_the_later_one() -> None:
    found = counted(requests({0: 5, 15: 9, 30: 9, 45: 12}), observed=span(0, 60))
    assert found.total(spans((0, 60))) == 7
    assert found.total(spans((1, 15))) == 0
    assert found.total(spans((15, 16))) == 4
    assert found.unknown == ()


def test_after_a_fall_everything_counts_from_zero_and_the_scrape_gap_is_unknown() -> None:
    found = counted(requests({0: 5, 15: 9, 30: 2, 45: 3}), observed=span(0, 60))
    assert found.total(spans((0, 60))) == 4 + 2 + 1
    assert found.unknown == (Unknown(span(15, 30), Cause.RESET, "a"),)


def test_one_counter_that_falls_tells_of_the_restart_of_all() -> None:
    good, bad = requests({0: 50, 15: 3}), requests({0: 1, 15: 2}, outcome="bad")
    assert counted(good, bad, observed=span(0, 30)).total(spans((0, 30))) == 3 + 2


def test_a_fall_of_one_pod_is_none_of_another() -> None:
    one, other = requests({0: 50, 15: 3}), requests({0: 1, 15: 2}, pod="b")
    assert counted(one, other, observed=span(0, 30)).total(spans((0, 30))) == 3 + 1


def test_a_pod_that_started_inside_counts_whole() -> None:
    found = counted(
        requests({20: 4, 35: 6}, started=10), requests({0: 0, 60: 0}, pod="b"), observed=span(0, 60)
    )
    assert found.total(spans((0, 60))) == 6


def test_a_pod_that_started_before_gives_a_baseline_and_the_time_before_it_is_unknown() -> None:
    found = counted(requests({20: 4, 35: 6}, started=-10), observed=span(0, 50))
    assert found.total(spans((0, 50))) == 2
    assert found.unknown == (Unknown(span(0, 20), Cause.START, "a"),)


def test_a_pod_of_unknown_start_gives_a_baseline_and_cannot_have_been_there_for_long() -> None:
    always = requests(dict.fromkeys(range(0, 301, 15), 0), pod="b")
    found = counted(requests({290: 4, 300: 6}), always, observed=span(0, 301))
    assert found.total(spans((0, 301))) == 2
    assert found.unknown == (Unknown(span(252.5, 290), Cause.START, "a"),)


def test_a_start_after_the_first_sample_is_a_restart_and_no_reason_to_count_whole() -> None:
    assert counted(requests({0: 4, 15: 6}, started=20), observed=span(0, 30)).total(spans((0, 30))) == 2


def test_a_long_start_without_a_sample_is_unknown() -> None:
    found = counted(requests({100: 4}, started=10), observed=span(0, 101))
    assert found.total(spans((0, 101))) == 4
    assert found.unknown == (Unknown(span(10, 100), Cause.START, "a"),)


def test_one_lost_scrape_is_no_gap_and_two_are() -> None:
    found = counted(requests({0: 0, 15: 1, 45: 2, 90: 9}), observed=span(0, 100))
    assert found.total(spans((0, 100))) == 9
    assert found.unknown == (Unknown(span(45, 90), Cause.GAP, "a"),)


def test_the_last_scrape_gap_of_a_pod_that_vanished_is_unknown() -> None:
    always = requests(dict.fromkeys(range(0, 301, 15), 0), pod="b")
    found = counted(requests({0: 0, 15: 3}), always, observed=span(0, 301))
    assert found.unknown == (Unknown(span(15, 52.5), Cause.END, "a"),)


def test_time_in_which_nobody_was_sampled_is_unknown() -> None:
    found = counted(requests({100: 0, 115: 3}), observed=span(0, 300))
    assert time_of(found.unknown) == spans((0, 100), (115, 300))
    assert Unknown(span(115, 300), Cause.SILENCE) in found.unknown


def test_all_counters_of_a_pod_tell_of_a_gap_once() -> None:
    good, bad = requests({0: 0, 90: 9}), requests({0: 0, 90: 9}, outcome="bad")
    assert counted(good, bad, observed=span(0, 100)).unknown == (Unknown(span(0, 90), Cause.GAP, "a"),)


def test_order_and_repetition_of_samples_do_not_matter() -> None:
    ordered = requests({0: 1, 15: 4, 30: 6})
    shuffled = replace(ordered, samples=(*reversed(ordered.samples), ordered.samples[1]))
    assert counted(shuffled, ordered, observed=span(0, 40)) == counted(ordered, observed=span(0, 40))


def test_samples_outside_of_the_observation_are_left_out_even_if_wrong() -> None:
    found = counted(requests({-15: math.nan, 0: 1, 15: 4, 30: math.nan}), observed=span(0, 30))
    assert found.total(spans((0, 30))) == 3


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 2.5, 2.0**53])
def test_what_no_counter_can_be_is_a_failure_and_never_a_count(value: float) -> None:
    found = count([requests({0: 1, 15: value, 30: 9})], span(0, 40), SCRAPING)
    assert isinstance(found, Failed)
    assert 'paddle_runtime_requests_total{code="200", outcome="good", pod="a"' in found.why
    assert str(value) in found.why


def test_two_values_at_once_are_a_failure() -> None:
    one = requests({0: 1, 15: 4})
    found = count([one, replace(one, samples=(Sample(at(15), 5.0),))], span(0, 40), SCRAPING)
    assert isinstance(found, Failed)
    assert "both 4 and 5" in found.why


def test_no_sample_is_no_data_and_not_zero() -> None:
    for series in ([], [requests({})], [requests({100: 3})]):
        assert isinstance(count(series, span(0, 40), SCRAPING), NoData)


def test_metrics_are_counted_one_by_one() -> None:
    other = replace(requests({0: 1}), labels=frozenset({("__name__", "other_total"), ("pod", "a")}))
    with pytest.raises(ValueError, match="other_total, paddle_runtime_requests_total"):
        count([requests({0: 1}), other], span(0, 40), SCRAPING)


def test_a_time_without_zone_is_refused() -> None:
    one = replace(requests({}), samples=(Sample(datetime(2026, 6, 1, 12), 1.0),))  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no time zone"):
        count([one], span(0, 40), SCRAPING)


def test_old_samples_are_stale_and_fresh_ones_a_value() -> None:
    found = counted(requests({0: 1, 15: 4}), observed=span(0, 60))
    limit = timedelta(seconds=45)
    assert unless_stale(found, at(60), limit) == Value(found)
    stale = unless_stale(found, at(61), limit)
    assert isinstance(stale, Stale)
    assert stale.newest == at(15)


def test_unknown_time_is_cut_to_what_is_asked_for() -> None:
    unknown = [Unknown(span(0, 90), Cause.GAP, "a"), Unknown(span(200, 210), Cause.END, "b")]
    assert clipped(unknown, spans((10, 20), (80, 100))) == (
        Unknown(span(10, 20), Cause.GAP, "a"),
        Unknown(span(80, 90), Cause.GAP, "a"),
    )


def test_a_series_is_written_as_prometheus_does() -> None:
    assert series_text(frozenset({("__name__", "up"), ("pod", "a")})) == 'up{pod="a"}'
