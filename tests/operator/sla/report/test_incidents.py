"""Incidents: steps in a row with a burn rate above 1, and enough requests in them to judge."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from paddle_operator.sla.burn import MinTraffic
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.report.incidents import burning

TARGET = Fraction(99, 100)
CALM, JUST, BROKEN = Tally(1000, 1), Tally(99, 1), Tally(90, 10)
LEAST = MinTraffic(20, timedelta(minutes=5))


def test_steps_in_a_row_are_one_stretch() -> None:
    (found,) = burning(TARGET, {3: {"r": CALM}, 4: {"r": BROKEN}, 5: {"r": Tally(50, 50)}, 6: {"r": CALM}})
    assert (found.first, found.last) == (4, 5)
    assert found.tally == Tally(140, 60)
    assert found.worst_burn == 50


def test_a_burn_rate_of_one_is_none() -> None:
    assert burning(TARGET, {0: {"r": JUST}}) == ()
    assert burning(TARGET, {0: {"r": Tally(98, 1)}}) != ()


def test_a_step_without_requests_ends_a_stretch() -> None:
    apart = {0: {"r": BROKEN}, 2: {"r": BROKEN}}
    assert [(one.first, one.last) for one in burning(TARGET, apart)] == [(0, 0), (2, 2)]
    counted = {**apart, 1: {"r": Tally()}}
    assert len(burning(TARGET, counted)) == 2


def test_all_revisions_together_make_the_burn_rate_and_the_worst_is_named() -> None:
    (found,) = burning(TARGET, {0: {"old": Tally(1000, 2), "new": Tally(10, 20)}})
    assert found.worst_burn == Fraction(22, 1032) * 100
    assert found.revision == "new"


def test_three_failures_at_night_are_no_incident_and_a_long_night_of_them_is() -> None:
    (short,) = burning(TARGET, {0: {"r": Tally(0, 3)}})
    (long,) = burning(TARGET, {step: {"r": Tally(0, 3)} for step in range(7)})
    assert not short.is_judged(TARGET, LEAST)
    assert long.is_judged(TARGET, LEAST)


def test_one_failure_alone_is_no_incident() -> None:
    (one,), (two,) = (burning(TARGET, {0: {"r": Tally(50, bad)}}) for bad in (1, 2))
    assert not one.is_judged(TARGET, LEAST)
    assert two.is_judged(TARGET, LEAST)
