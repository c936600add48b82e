"""The rows of the gate's table, one sentence each, at 99 % and looks of 15 s with 20 requests a second."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from paddle_operator.rollout.gate.judge import Look, Memory, judge
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.rollout.verdict import Finding
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.rollout import Rollout
from tests.operator.rollout.gates import gate, judged, look, pair

CLEAN = look(pair((15, 0), (285, 1)))
BROKEN = look(pair((15, 5), (285, 1)))
SHARED = look(pair((15, 2), (285, 38)))
LOST = look(pair(None, None))


def test_a_canary_that_fails_three_in_ten_is_broken_at_the_first_look() -> None:
    _, verdict = judged(gate(), [BROKEN])
    assert verdict.finding is Finding.BROKEN
    evidence = verdict.objectives[0]
    assert evidence.absolute >= 100
    assert evidence.relative >= 100
    assert not verdict.step_passes
    assert not verdict.proven


def test_where_both_fail_alike_it_is_an_incident_and_not_the_canary() -> None:
    _, verdict = judged(gate(), [SHARED] * 40)
    assert verdict.finding is Finding.SHARED_INCIDENT
    assert verdict.objectives[0].absolute >= 100 > verdict.objectives[0].relative


def test_a_canary_worse_than_the_stable_one_inside_the_promise_is_a_regression() -> None:
    _, verdict = judged(gate("90"), [look(pair((300, 15), (300, 1)))] * 4)
    assert verdict.finding is Finding.REGRESSION
    assert verdict.step_passes, "it keeps the promise; what follows is the rollout's to decide"


def test_with_nothing_against_it_a_step_passes_on_enough_requests() -> None:
    _, early = judged(gate(), [CLEAN] * 3)
    _, later = judged(gate(), [CLEAN] * 4)
    assert early.finding is later.finding is Finding.NOTHING_AGAINST
    assert not early.step_passes, "45 requests are fewer than 50, of which half a one may be bad"
    assert later.step_passes
    assert later.objectives[0].step_requests == 60


def test_a_step_does_not_pass_with_more_bad_ones_than_the_budget() -> None:
    _, over = judged(gate(), [look(pair((199, 2), (1000, 4)))])
    _, within = judged(gate(), [look(pair((200, 2), (1000, 4)))])
    assert not over.step_passes
    assert within.step_passes


def test_each_step_needs_its_own_requests() -> None:
    memory, first = judged(gate(), [CLEAN] * 4)
    _, second = judge(gate(), memory, look(pair((40, 0), (200, 0)), step=1))
    assert first.step_passes
    assert not second.step_passes


def test_a_given_least_number_of_requests_stands_in_for_the_reckoned_one() -> None:
    _, verdict = judged(gate(min_requests=10), [CLEAN])
    assert verdict.step_passes


@pytest.mark.parametrize(("target", "requests"), [("99", 187), ("99.5", 376), ("99.9", 1888)])
def test_a_clean_canary_is_proven_by_so_many_requests_and_no_fewer(target: str, requests: int) -> None:
    settings = gate(target)
    _, before = judged(settings, [look(pair((requests - 1, 0), (9000, 0)))])
    _, after = judged(settings, [look(pair((requests, 0), (9000, 0)))])
    assert not before.proven
    assert after.proven


def test_a_canary_is_proven_only_when_every_objective_is() -> None:
    _, verdict = judged(gate("99", "99.9"), [look(pair((300, 0), (900, 0)), pair((300, 0), (900, 0)))])
    assert [one.proof >= 20 for one in verdict.objectives] == [True, False]
    assert not verdict.proven


def test_more_objectives_need_more_evidence_each() -> None:
    slightly = pair((15, 3), (285, 1))
    _, alone = judged(gate("99"), [look(slightly)] * 2)
    evidence = alone.objectives[0]
    fine = [pair((15, 0), (285, 1))] * 9
    _, of_ten = judged(gate(*["99"] * 10), [look(slightly, *fine)] * 2)
    assert of_ten.objectives[0].relative == evidence.relative
    assert gate(*["99"] * 10).against == 10 * gate("99").against == 1000


def test_the_worst_objective_speaks_for_all() -> None:
    clean, broken = pair((15, 0), (285, 1)), pair((15, 5), (285, 1))
    unknown = pair(None, None)
    _, verdict = judged(gate("99", "99", "99"), [look(clean, unknown, broken)])
    assert verdict.finding is Finding.BROKEN
    assert [one.finding for one in verdict.objectives] == [
        Finding.NOTHING_AGAINST,
        Finding.NO_DATA,
        Finding.BROKEN,
    ]
    _, without = judged(gate("99", "99"), [look(clean, unknown)])
    assert without.finding is Finding.NO_DATA


@pytest.mark.parametrize(
    "nothing", [LOST, Look(0, {}), look(pair((15, 5), None)), look(pair(None, (285, 1)))]
)
def test_no_data_is_no_evidence_either_way(nothing: Look) -> None:
    memory, before = judged(gate(), [CLEAN] * 4)
    after, verdict = judge(gate(), memory, nothing)
    assert after == memory
    assert verdict.finding is Finding.NO_DATA
    assert verdict.objectives[0].proof == before.objectives[0].proof


def test_a_canary_that_nobody_asked_has_no_data_and_no_new_evidence() -> None:
    memory, before = judged(gate(), [CLEAN] * 4)
    _, verdict = judge(gate(), memory, look(pair((0, 0), (285, 9))))
    assert verdict.finding is Finding.NO_DATA
    assert verdict.objectives[0].relative < before.objectives[0].relative, "the stable one is in doubt"


def test_what_was_found_stays_found_while_no_data_comes() -> None:
    """An operator that ended between its finding and the weight that follows finds the same again."""
    memory, _ = judged(gate(), [BROKEN])
    _, verdict = judge(gate(), memory, LOST)
    assert verdict.finding is Finding.BROKEN


def test_where_the_stable_revision_is_asked_nothing_the_promise_alone_decides() -> None:
    _, verdict = judged(gate(), [look(pair((15, 5), (0, 0)))])
    assert verdict.finding is Finding.BROKEN
    assert not verdict.objectives[0].compared
    _, clean = judged(gate(), [look(pair((60, 0), (0, 0)))])
    assert clean.finding is Finding.NOTHING_AGAINST
    assert clean.step_passes


def test_a_few_requests_of_the_stable_revision_are_too_few_only_beside_a_larger_canary() -> None:
    _, first_look = judged(gate("99.9"), [look(pair((15, 3), (285, 40)))])
    assert first_look.objectives[0].compared, "fewer than 500, and far more than the canary's"
    _, beside = judged(gate(), [look(pair((100, 5), (24, 2)))])
    assert not beside.objectives[0].compared
    _, at_half = judged(gate("99.9"), [look(pair((17, 4), (13, 3)))])
    assert at_half.finding is Finding.SHARED_INCIDENT, "with as many requests each, who has more is chance"


def test_a_canary_that_breaks_late_is_found_in_its_new_step() -> None:
    """Beside 20,000 good requests a few bad ones are nothing, but not beside those of their own step."""
    looks = [look(pair((2000, 4), (2000, 8)))] * 10
    memory, before = judged(gate(), looks)
    assert before.finding is Finding.NOTHING_AGAINST
    _, verdict = judge(gate(), memory, look(pair((150, 25), (150, 0)), step=1))
    assert verdict.finding is Finding.BROKEN


def test_another_budget_judges_everything_that_was_counted() -> None:
    memory, lenient = judged(gate("90"), [look(pair((150, 9), (2850, 28)))])
    _, strict = judge(gate("99"), memory, LOST)
    assert lenient.objectives[0].absolute < 1 < strict.objectives[0].absolute


def test_a_very_large_budget_has_bets_and_a_proof_too() -> None:
    settings = gate("20")
    _, broken = judged(settings, [look(pair((300, 299), (300, 200)))])
    _, fine = judged(settings, [look(pair((300, 30), (300, 30)))])
    assert broken.finding is Finding.BROKEN
    assert fine.proven


def test_a_resource_becomes_a_gate_exactly_and_defaults_are_the_same_on_both_sides() -> None:
    up = {"name": "up", "availability": {"targetPercent": "99.9"}}
    fast = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
    errors = {"name": "errors", "errorRate": {"maxPercent": "0.5"}}
    sla = Sla.model_validate({"objectives": (up, fast, errors)}, by_alias=True)
    assert Gate.of(sla, Rollout()) == Gate(
        (
            Objective("up", Fraction(1, 1000)),
            Objective("fast", Fraction(1, 20)),
            Objective("errors", Fraction(1, 200)),
        )
    )
    strict = {"analysis": {"falseRollbackPercent": "0.1", "toleranceFactor": "1.5", "minRequests": 30}}
    asked = Gate.of(sla, Rollout.model_validate(strict, by_alias=True))
    assert asked.against == 3000
    assert (asked.tolerance_factor, asked.min_requests) == (Fraction(3, 2), 30)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: judge(gate(), Memory(), Look(0, {"x": pair((1, 0), (1, 0))})), "x: no such objective"),
        (lambda: judge(gate(), Memory(), Look(3, {})), "step 3 is none of 3"),
        (lambda: pair((1, 2), (1, 0)), "2 bad of 1 requests"),
        (lambda: pair((-1, 0), (1, 0)), "must be a whole number, 0 or more, and is -1"),
        (lambda: pair((float("nan"), 0), (1, 0)), "requests must be a whole number.*nan"),  # type: ignore[arg-type]
        (lambda: pair((True, 0), (1, 0)), "is True"),
        (lambda: Objective("o", Fraction(0)), "must lie between 0 and 1, is 0"),
        (lambda: Gate(()), "one objective or more"),
        (lambda: gate(steps=0), "steps is at least 1"),
        (lambda: gate(false_rollback_percent=Fraction(0)), "between 0 and 100, not at 0"),
        (lambda: gate(tolerance_factor=Fraction(1, 2)), "is 1 or more, not 1/2"),
    ],
)
def test_what_cannot_be_is_refused_with_its_value(wrong, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=says):
        wrong()


@pytest.mark.parametrize("hours", [1, 12, 60])
def test_a_canary_that_breaks_after_hours_of_waiting_is_found_as_soon_as_one_of_the_first_minute(
    hours: int,
) -> None:
    """Half of 20 requests a second, of both 0.1 of the budget bad until then; 30 % of the canary's after."""
    settings, memory = gate("99.5", "99.5"), Memory()
    good = [look(*[pair((150, bad), (150, bad))] * 2) for bad in (0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)]
    for number in range(hours * 240):
        memory, verdict = judge(settings, memory, good[number % len(good)])
    assert verdict.finding is Finding.NOTHING_AGAINST
    _, verdict = judge(settings, memory, look(pair((150, 45), (150, 0)), pair((150, 0), (150, 0))))
    assert verdict.finding is Finding.BROKEN


def test_a_long_bake_does_not_hide_what_breaks_in_it() -> None:
    """A day of 20 requests a second to the canary alone, then ten percent bad: within a minute."""
    settings, memory = gate("99.5"), Memory()
    for _ in range(5760):
        memory, _ = judge(settings, memory, look(pair((300, 0), (0, 0))))
    _, verdict = judged(settings, [look(pair((300, 30), (0, 0)))] * 2, memory)
    assert verdict.finding is Finding.BROKEN
    (found,) = verdict.objectives
    assert 15 < found.burn <= 20, "as it burns now: ten percent are 20 times the budget"


def test_worn_out_evidence_that_is_begun_anew_blames_hardly_any_canary_at_its_budget() -> None:
    random, blamed = Random(7), 0
    for _ in range(100):
        memory, settings = Memory(), gate("99")
        for _ in range(400):
            canary = sum(random.random() < 0.01 for _ in range(150))
            memory, verdict = judge(settings, memory, look(pair((150, canary), (0, 0))))
            if verdict.finding is Finding.BROKEN:
                blamed += 1
                break
    assert blamed <= 3, f"{blamed} of 100, of whom at most 1 % may be"
