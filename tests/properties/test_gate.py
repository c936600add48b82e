"""The mathematics of the canary gate: what its bounds rest on, and what its verdicts do not depend on."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.evidence import (
    ALIKE,
    compared,
    log_absolute,
    log_mean,
    log_proof,
    log_relative,
)
from paddle_operator.rollout.gate.judge import Look, Memory, Pair, judge
from paddle_operator.rollout.gate.memory import memory_from, text_of
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.rollout.verdict import Verdict
from tests.operator.rollout.gates import gate, judged

unhurried = settings(deadline=None, max_examples=50)
ROUNDING = 1e-9
BUDGETS = ("0.001", "0.005", "0.01", "0.05", "0.3", "0.7", "0.95")


def chance(bad: int, requests: int, share: float) -> float:
    return math.comb(requests, bad) * share**bad * (1 - share) ** (requests - bad)


@pytest.mark.parametrize("budget", BUDGETS)
def test_evidence_against_a_canary_that_keeps_the_promise_is_not_expected_to_grow(budget: str) -> None:
    for requests, kept in product((1, 2, 7, 30), (1.0, 0.9, 0.5, 0.0)):
        share = float(budget) * kept
        expected = math.fsum(
            chance(bad, requests, share)
            * math.exp(log_absolute([Counts(requests, bad)], Fraction(budget))[0])
            for bad in range(requests + 1)
        )
        assert expected <= 1 + ROUNDING


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_proof_of_a_canary_beyond_the_limit_is_not_expected_to_grow(budget: str) -> None:
    limit = float(budget)
    for requests, worse in product((1, 2, 7, 30), (0.0, 0.1, 0.5, 1.0)):
        share = limit + (1 - limit) * worse
        expected = math.fsum(
            chance(bad, requests, share) * math.exp(log_proof(Counts(requests, bad), Fraction(budget)))
            for bad in range(requests + 1)
        )
        assert expected <= 1 + ROUNDING


@pytest.mark.parametrize(("canary", "stable"), [(1, 1), (1, 9), (5, 5), (9, 2), (4, 12)])
@pytest.mark.parametrize("share", [0.001, 0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("better", [1.0, 0.5])
def test_a_canary_that_is_no_worse_is_not_expected_to_look_worse(
    canary: int, stable: int, share: float, better: float
) -> None:
    """For every share that both have in common, not only for small ones."""
    expected = math.fsum(
        chance(bad, canary, share * better)
        * chance(others, stable, share)
        * math.exp(log_relative(compared(Counts(canary, bad), Counts(stable, others))))
        for bad in range(canary + 1)
        for others in range(stable + 1)
    )
    assert expected <= 1 + ROUNDING


def counts(most: int = 400) -> st.SearchStrategy[Counts]:
    return st.integers(0, most).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))


pairs = st.builds(Pair, counts(), counts())
maybe_pairs = st.builds(Pair, st.none() | counts(), st.none() | counts())
GATE = gate("99", "99.5", "95")


def looks(pair: st.SearchStrategy[Pair] = maybe_pairs, most: int = 8) -> st.SearchStrategy[list[Look]]:
    one = st.fixed_dictionaries(dict.fromkeys(("o0", "o1", "o2"), pair))
    return st.lists(st.builds(Look, st.integers(0, 2), one), min_size=1, max_size=most)


@unhurried
@given(looks(), st.permutations(GATE.objectives))
def test_the_order_of_objectives_does_not_matter(taken: list[Look], order: list[Objective]) -> None:
    one, other = judged(GATE, taken)[1], judged(Gate(tuple(order)), taken)[1]
    assert (one.finding, one.step_passes, one.proven) == (other.finding, other.step_passes, other.proven)
    assert set(one.objectives) == set(other.objectives)


@unhurried
@given(looks(), st.lists(st.integers(0, 7), max_size=5))
def test_looks_without_data_leave_no_trace(taken: list[Look], places: list[int]) -> None:
    mixed = list(taken)
    for place in places:
        mixed.insert(place, Look(0, {}))
    assert judged(GATE, mixed)[0] == judged(GATE, taken)[0]


@unhurried
@given(looks(), st.integers(0, 8))
def test_a_rollout_that_was_interrupted_is_judged_to_the_bit_as_one_that_was_not(
    taken: list[Look], at: int
) -> None:
    memory, verdicts = Memory(), []
    for look in taken:
        memory, verdict = judge(GATE, memory, look)
        verdicts.append(verdict)
    memory = Memory()
    for number, look in enumerate(taken):
        if number == at:
            memory = memory_from(text_of(memory))
        memory, verdict = judge(GATE, memory, look)
        assert verdict == verdicts[number]
    assert memory_from(text_of(memory)) == memory


@unhurried
@given(looks(pairs))
def test_every_figure_is_a_number_that_json_can_hold(taken: list[Look]) -> None:
    _, verdict = judged(GATE, taken)
    for one in verdict.objectives:
        assert all(0 <= figure < 1e300 for figure in (one.absolute, one.relative, one.proof))


def last(pair: Pair) -> Verdict:
    return judged(gate(), [Look(0, {"o0": pair})])[1]


@given(counts(), counts())
def test_one_more_bad_request_never_speaks_for_a_canary(canary: Counts, stable: Counts) -> None:
    if canary.bad == canary.requests:
        canary += Counts(1)
    worse = Counts(canary.requests, canary.bad + 1)
    one, other = last(Pair(canary, stable)).objectives[0], last(Pair(worse, stable)).objectives[0]
    assert other.absolute >= one.absolute
    assert other.relative >= one.relative * (1 - ROUNDING)
    assert other.proof <= one.proof


@given(counts(), counts(), st.integers(1, 500))
def test_more_good_requests_never_speak_against_a_canary(canary: Counts, stable: Counts, more: int) -> None:
    one = last(Pair(canary, stable)).objectives[0]
    other = last(Pair(canary + Counts(more), stable)).objectives[0]
    assert other.absolute <= one.absolute
    assert other.relative <= one.relative * (1 + ROUNDING)
    assert other.proof >= one.proof


@given(st.lists(counts(20), min_size=1, max_size=6))
def test_the_promise_is_judged_alike_however_often_one_looks(parts: list[Counts]) -> None:
    """With too few requests to wear evidence out, of which each look lets go by itself."""
    whole = sum(parts, Counts())
    in_parts = judged(gate(), [Look(0, {"o0": Pair(part, Counts(9))}) for part in parts])[1].objectives[0]
    at_once = last(Pair(whole, Counts(9))).objectives[0]
    assert in_parts.proof == at_once.proof
    assert in_parts.absolute == at_once.absolute


def test_a_thousand_million_requests_leave_every_figure_finite_and_exact() -> None:
    many = Counts(10**9, 4 * 10**6)
    memory, verdict = judged(gate(), [Look(0, {"o0": Pair(many, many)})] * 100)
    one = verdict.objectives[0]
    assert (one.canary_requests, one.canary_bad) == (10**11, 4 * 10**8)
    assert verdict.proven
    times = memory.trails["o0"].times_judged
    assert times == 100, "each look wears it out"
    assert one.absolute == pytest.approx(0.5 / (times + 1)), "what is left is the stake on what has not begun"
    assert memory_from(text_of(memory)) == memory


def test_the_mean_of_logarithms_is_that_of_the_numbers() -> None:
    assert log_mean([math.log(1), math.log(3)]) == pytest.approx(math.log(2))
    assert log_mean([-math.inf, 0.0]) == pytest.approx(math.log(0.5))
    assert log_mean([-math.inf, -math.inf]) == -math.inf
    assert log_mean([5000.0, 0.0]) == pytest.approx(5000 - math.log(2))
    assert compared(Counts(7), Counts(9)) == ALIKE
