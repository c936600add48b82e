"""Incidents: steps in a row with a burn rate above 1."""

from __future__ import annotations

from fractions import Fraction

from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.report.incidents import incidents

TARGET = Fraction(99, 100)
CALM, JUST, BROKEN = Tally(1000, 1), Tally(99, 1), Tally(90, 10)


def test_steps_in_a_row_are_one_incident() -> None:
    (found,) = incidents(TARGET, {3: {"r": CALM}, 4: {"r": BROKEN}, 5: {"r": Tally(50, 50)}, 6: {"r": CALM}})
    assert (found.first, found.last) == (4, 5)
    assert found.tally == Tally(140, 60)
    assert found.worst_burn == 50


def test_a_burn_rate_of_one_is_no_incident() -> None:
    assert incidents(TARGET, {0: {"r": JUST}}) == ()
    assert incidents(TARGET, {0: {"r": Tally(98, 1)}}) != ()


def test_a_step_without_requests_ends_an_incident() -> None:
    apart = {0: {"r": BROKEN}, 2: {"r": BROKEN}}
    assert [(one.first, one.last) for one in incidents(TARGET, apart)] == [(0, 0), (2, 2)]
    counted = {**apart, 1: {"r": Tally()}}
    assert len(incidents(TARGET, counted)) == 2


def test_all_revisions_together_make_the_burn_rate_and_the_worst_is_named() -> None:
    (found,) = incidents(TARGET, {0: {"old": Tally(1000, 2), "new": Tally(10, 20)}})
    assert found.worst_burn == Fraction(22, 1032) * 100
    assert found.revision == "new"
