"""What a look remembers, as text: exact, small, and refused where it is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.rollout.looks.remembered import (
    KEPT,
    Counters,
    Remembered,
    fingerprint,
    remembered_from,
    text_of,
)
from paddle_operator.sla.series import Sample
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import at, requests

MOMENTS = st.integers(0, 10**16).map(lambda ticks: at(0) + timedelta(microseconds=ticks // 10))
VALUES = st.one_of(st.integers(0, 2**53).map(float), st.floats(0, 1e12))
COUNTERS = st.builds(
    Counters,
    st.text(max_size=20),
    MOMENTS,
    MOMENTS,
    st.dictionaries(
        st.text("0123456789abcdef", min_size=16, max_size=16), st.builds(Sample, MOMENTS, VALUES)
    ),
)


@given(st.builds(Remembered, MOMENTS, st.dictionaries(st.sampled_from(list(CountedAt)), COUNTERS)))
def test_what_is_read_is_what_was_written(remembered: Remembered) -> None:
    text = text_of(remembered)
    assert remembered_from(text) == remembered
    assert text_of(remembered_from(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"version": 2, "at": 0}',
        '{"version": 1}',
        '{"version": 1, "at": "x"}',
        '{"version": 1, "at": 0, "Runtime": {}}',
        '{"version": 1, "at": 0, "Runtime": [1]}',
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        remembered_from(text)


def test_a_counter_is_known_by_all_its_labels_in_any_order() -> None:
    one, other = requests({0: 1}, pod="a"), requests({0: 1}, pod="b")
    assert fingerprint(one.labels) == fingerprint(frozenset(sorted(one.labels, reverse=True)))
    assert fingerprint(one.labels) != fingerprint(other.labels)


def test_the_newest_sample_is_where_a_counter_goes_on() -> None:
    one = requests({30: 5, 15: 3})
    assert Counters("x", at(0), at(0)).after([one], at(40)).base(one.labels) == Sample(at(30), 5)


def test_a_counter_that_was_not_seen_stays_known_for_as_long_as_it_may_be_read_again() -> None:
    gone, there = requests({0: 5}, pod="gone"), requests({0: 5}, pod="there")
    known = Counters("x", at(0), at(0)).after([gone, there], at(1))
    later = known.after([there], at(0) + KEPT)
    assert later.base(gone.labels) == Sample(at(0), 5)
    assert later.after([], at(1) + KEPT).base(gone.labels) is None


def test_a_value_that_no_text_can_hold_is_not_remembered() -> None:
    one = requests({0: float("nan")})
    assert Counters("x", at(0), at(0)).after([one], at(1)).base(one.labels) is None


def test_a_hundred_pods_stay_small() -> None:
    series = [
        requests({0: 123_456.0}, pod=f"calm-0123456789-{place:05}", outcome=outcome)
        for place in range(100)
        for outcome in ("good", "bad", "refused", "invalid", "fast", "+Inf", "start")
    ]
    known = Remembered(at(0), {CountedAt.RUNTIME: Counters("x", at(0), at(0)).after(series, at(1))})
    assert len(text_of(known)) < 40 * 1024
