"""Which scrapes saw a process warm up: from its first answer, not from its beginning."""

from __future__ import annotations

from datetime import timedelta

from paddle_operator.rollout.looks.warming import warming
from paddle_operator.sla.series import Series
from tests.operator.sla.counters import at, counted, requests, span

WARM_UP = timedelta(seconds=20)
WHOLE = span(0, 200)


def warm_at(*series: Series) -> set[float]:
    """The seconds of the scrapes that saw it warm up."""
    found = warming(counted(*series, observed=WHOLE), series, WARM_UP)
    return {(moment - at(0)).total_seconds() for _, moment in found}


def test_it_warms_up_from_its_first_answer_on() -> None:
    pod = requests({10: 0, 25: 0, 40: 3, 55: 6, 70: 9}, started=2)
    assert warm_at(pod) == {40, 55}, "25 to 45; what a scrape saw in part is left out whole"


def test_a_pod_that_began_long_ago_and_waited_warms_up_with_its_first_answer() -> None:
    assert warm_at(requests({10: 0, 25: 0, 40: 3, 55: 6, 70: 9})) == {40, 55}


def test_a_pod_that_has_answered_before_is_warm() -> None:
    assert warm_at(requests({10: 7, 25: 9, 40: 12})) == set()


def test_a_process_that_began_anew_warms_up_again() -> None:
    assert warm_at(requests({10: 7, 25: 9, 40: 2, 55: 4, 70: 5})) == {40, 55}


def test_each_pod_has_a_warm_up_of_its_own() -> None:
    old, young = requests({10: 7, 40: 9}, pod="a"), requests({10: 0, 40: 9}, pod="b", started=2)
    assert warm_at(old, young) == {40}
    found = warming(counted(old, young, observed=WHOLE), [old, young], WARM_UP)
    assert {dict(target)["pod"] for target, _ in found} == {"b"}


def test_any_answer_is_the_first_one_also_one_that_counts_nowhere() -> None:
    good = requests({10: 0, 25: 0, 40: 0, 55: 2}, started=2)
    invalid = requests({10: 0, 25: 1, 40: 1, 55: 1}, outcome="invalid", started=2)
    assert warm_at(good, invalid) == {25, 40}
