"""What requests are for each kind of objective."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from paddle_operator.sla.answer import Answer, Failed
from paddle_operator.sla.counting import Counted
from paddle_operator.sla.indicators import Indicator, indicator
from paddle_operator.sla.intervals import Spans
from paddle_operator.sla.outcomes import Outcomes, Tally, outcomes, target_share
from paddle_operator.sla.unknown import Cause, Unknown
from paddle_operator.spec.promise import Objective
from tests.operator.sla.counters import bucket, counted, known, requests, span, spans

ALL = spans((0, 100))
UP = {"availability": {"targetPercent": "99.9"}}
RIGHT = {"errorRate": {"maxPercent": "0.5"}}
FAST = {"latency": {"percentile": "95", "thresholdMilliseconds": 200}}


def objective(kind: dict[str, Any]) -> Objective:
    return Objective.model_validate({"name": "it", **kind})


def a_pod_that_did(*, good: int, bad: int = 0, refused: int = 0, invalid: int = 0) -> Counted:
    counts = {"good": good, "bad": bad, "refused": refused, "invalid": invalid}
    series = (requests({0: 0, 15: value}, outcome=outcome) for outcome, value in counts.items())
    return counted(*series, observed=span(0, 30))


def measured(
    kind: dict[str, Any], asked: Counted, durations: Counted, within: Spans = ALL
) -> Answer[Indicator]:
    return indicator(objective(kind), asked, durations, within)


NO_DURATIONS = counted(bucket({0: 0, 15: 0}, "0.2"), observed=span(0, 30))


def test_targets_are_exact() -> None:
    assert target_share(objective(UP)) == Fraction(999, 1000)
    assert target_share(objective(RIGHT)) == Fraction(995, 1000)
    assert target_share(objective(FAST)) == Fraction(95, 100)


def test_outcomes_are_told_by_revision() -> None:
    found = outcomes(
        counted(
            requests({0: 0, 15: 3}, revision="r1"),
            requests({0: 0, 15: 2}, revision="r1", outcome="invalid"),
            requests({0: 0, 15: 4}, pod="b", revision="r2"),
            requests({0: 0, 15: 1}, pod="b", revision="r2", outcome="refused"),
            observed=span(0, 30),
        ),
        ALL,
    )
    assert known(found) == {"r1": Outcomes(good=3, invalid=2), "r2": Outcomes(good=4, refused=1)}


def test_a_refusal_is_bad_and_the_callers_mistake_counts_nowhere() -> None:
    asked = a_pod_that_did(good=90, bad=1, refused=2, invalid=50)
    for kind in (UP, RIGHT):
        assert known(measured(kind, asked, NO_DURATIONS)).by_revision == {"r1": Tally(good=90, bad=3)}


def test_an_outcome_that_nobody_knows_is_a_failure() -> None:
    asked = counted(requests({0: 0, 15: 3}, outcome="splendid"), observed=span(0, 30))
    for kind in (UP, RIGHT, FAST):
        found = measured(kind, asked, NO_DURATIONS)
        assert isinstance(found, Failed)
        assert "'splendid'" in found.why


def test_slow_failed_and_refused_requests_are_all_too_late() -> None:
    durations = counted(bucket({0: 0, 15: 80}, "0.2"), bucket({0: 0, 15: 90}, "+Inf"), observed=span(0, 30))
    asked = a_pod_that_did(good=90, bad=1, refused=2, invalid=50)
    assert known(measured(FAST, asked, durations)).by_revision == {"r1": Tally(good=80, bad=13)}


def test_a_threshold_that_is_no_boundary_is_a_failure_that_names_those_there_are() -> None:
    durations = counted(
        bucket({0: 0, 15: 80}, "10.0"),
        bucket({0: 0, 15: 80}, "+Inf"),
        bucket({0: 0, 15: 80}, "0.25"),
        observed=span(0, 30),
    )
    found = measured(FAST, a_pod_that_did(good=90), durations)
    assert isinstance(found, Failed)
    assert "200 ms is no boundary" in found.why
    assert "0.25, 10.0, +Inf (seconds)" in found.why


def test_a_boundary_may_be_written_otherwise() -> None:
    kind = {"latency": {"percentile": "95", "thresholdMilliseconds": 2000}}
    for text in ("2", "2.0", "2e0"):
        durations = counted(bucket({0: 0, 15: 80}, text), observed=span(0, 30))
        assert known(measured(kind, a_pod_that_did(good=90), durations)).by_revision["r1"].good == 80


def test_a_histogram_that_begins_anew_makes_no_answer_slow() -> None:
    """An edit of the promise gives the histogram other boundaries; the requests are counted on."""
    asked = counted(requests({0: 0, 15: 10, 30: 20, 45: 30}), observed=span(0, 60))
    durations = counted(
        bucket({0: 0, 15: 10, 30: 4, 45: 14}, "+Inf"),
        bucket({0: 0, 15: 10}, "0.1"),
        bucket({30: 4, 45: 14}, "0.2"),
        observed=span(0, 60),
    )
    found = known(measured(FAST, asked, durations))
    assert found.by_revision == {"r1": Tally(good=10, bad=0)}
    assert Unknown(span(0, 15), Cause.BOUNDARY, "a") in found.unknown
    assert Unknown(span(15, 30), Cause.RESET, "a") in found.unknown


def test_a_restart_begins_both_anew_and_both_count() -> None:
    asked = counted(requests({0: 50, 15: 60, 30: 5, 45: 9}), observed=span(0, 60))
    durations = counted(bucket({0: 40, 15: 49, 30: 4, 45: 8}, "0.2"), observed=span(0, 60))
    found = known(measured(FAST, asked, durations))
    assert found.by_revision == {"r1": Tally(good=9 + 4 + 4, bad=1 + 1 + 0)}
    assert found.unknown == (Unknown(span(15, 30), Cause.RESET, "a"),)


def test_more_fast_answers_than_requests_are_a_failure() -> None:
    durations = counted(bucket({0: 0, 15: 91}, "0.2"), observed=span(0, 30))
    assert isinstance(measured(FAST, a_pod_that_did(good=90), durations), Failed)


def test_only_what_is_seen_within_counts() -> None:
    asked = counted(requests({0: 0, 15: 10, 30: 30}), observed=span(0, 40))
    durations = counted(bucket({0: 0, 15: 9, 30: 28}, "0.2"), observed=span(0, 40))
    assert known(measured(FAST, asked, durations, spans((0, 20)))).by_revision == {"r1": Tally(9, 1)}
    assert known(measured(UP, asked, durations, spans((20, 40)))).by_revision == {"r1": Tally(20, 0)}
