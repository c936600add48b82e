"""A canary that refuses what the stable revision takes is found, though what is refused counts nowhere."""

from __future__ import annotations

from random import Random

import pytest

from paddle_operator.rollout.gate.judge import Look, Memory, Pair, judge
from paddle_operator.rollout.gate.memory import memory_from, text_of
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.verdict import Finding
from tests.operator.rollout.gates import gate, judged, pair


def refusing(canary: tuple[int, int], stable: tuple[int, int], *, alone: bool = False) -> Look:
    """All requests and those refused of both; what is not refused is good."""
    (asked, refused), (asked_stable, refused_stable) = canary, stable
    taken = pair((asked - refused, 0), (asked_stable - refused_stable, 0))
    return Look(0, {"o0": taken, REFUSED: pair(canary, stable)}, alone)


def test_a_canary_that_refuses_everything_is_broken_by_its_first_requests() -> None:
    _, verdict = judged(gate(), [refusing((4, 4), (76, 0))])
    assert verdict.finding is Finding.BROKEN
    assert [(one.objective, one.finding) for one in verdict.objectives] == [
        ("o0", Finding.NO_DATA),
        (REFUSED, Finding.BROKEN),
    ]


def test_callers_who_send_nonsense_to_both_say_nothing_of_the_canary() -> None:
    _, verdict = judged(gate("99.9"), [refusing((20, 1), (380, 19))] * 200)
    assert verdict.finding is Finding.NOTHING_AGAINST
    assert verdict.step_passes
    assert verdict.proven, "what is refused is no request of an objective, and holds up no proof"


def test_a_canary_that_refuses_everything_is_found_also_where_some_are_refused_anyway() -> None:
    _, verdict = judged(gate("99.9"), [refusing((20, 20), (380, 19))] * 2)
    assert verdict.finding is Finding.BROKEN


def test_a_burst_of_nonsense_is_no_incident() -> None:
    memory, _ = judged(gate(), [refusing((20, 0), (380, 0))] * 10)
    for _ in range(20):
        memory, verdict = judge(gate(), memory, refusing((20, 18), (380, 340)))
        assert verdict.finding is Finding.NOTHING_AGAINST
    assert verdict.step_passes


def test_a_canary_that_refuses_a_little_more_is_a_regression_and_may_be_let() -> None:
    little = [refusing((400, 12), (400, 1))] * 2
    _, verdict = judged(gate("95"), little)
    assert verdict.finding is Finding.REGRESSION
    _, verdict = judged(gate("95", blames_refusing=False), little)
    assert verdict.finding is Finding.NOTHING_AGAINST
    assert verdict.objectives[-1].canary_bad == 24, "and yet a person can see it"


def test_who_is_compared_with_nobody_is_not_blamed() -> None:
    _, verdict = judged(gate(), [refusing((300, 300), (0, 0))] * 3)
    assert verdict.finding is Finding.NO_DATA
    _, verdict = judged(gate(), [refusing((300, 300), (0, 0), alone=True)] * 3)
    assert verdict.finding is Finding.NO_DATA
    assert verdict.objectives[-1].canary_bad == 900, "and yet a person can see it"


def test_what_was_refused_while_nobody_was_there_to_compare_with_hides_nothing_later() -> None:
    usual = [refusing((15, 1), (285, 9))] * 10
    nobody_else = [refusing((100, 3), (0, 0), alone=True)] * 3
    memory, verdict = judged(gate("99.5"), [*usual, *nobody_else])
    assert verdict.finding is Finding.NOTHING_AGAINST
    _, verdict = judged(gate("99.5"), [refusing((15, 15), (285, 9))] * 2, memory)
    assert verdict.finding is Finding.BROKEN


def test_the_strictest_objective_is_the_measure() -> None:
    taken = pair((388, 0), (400, 0))
    one = Look(0, {"o0": taken, "o1": taken, REFUSED: pair((400, 12), (400, 0))})
    _, verdict = judged(gate("95", "99.9"), [one] * 2)
    assert verdict.finding is Finding.BROKEN, "3 % refused is less than 5 %, and more than 0.1 %"


def test_what_nobody_counted_is_no_evidence_and_is_remembered() -> None:
    memory, before = judged(gate(), [refusing((4, 4), (76, 0))])
    memory, verdict = judge(gate(), memory_from(text_of(memory)), Look(0, {}))
    assert verdict.finding is Finding.BROKEN
    assert verdict.objectives[-1] == before.objectives[-1]
    unknown = Look(0, {"o0": pair((5, 0), (95, 0)), REFUSED: Pair(None, None)})
    _, verdict = judge(gate(), Memory(), unknown)
    assert [one.objective for one in verdict.objectives] == ["o0"]


@pytest.mark.parametrize("share", [0.002, 0.02, 0.3])
def test_by_chance_hardly_any_canary_is_blamed_for_what_callers_do(share: float) -> None:
    random, blamed = Random(6), 0
    for _ in range(150):
        memory = Memory()
        for _ in range(60):
            canary, stable = (sum(random.random() < share for _ in range(n)) for n in (15, 135))
            memory, verdict = judge(gate("99"), memory, refusing((15, canary), (135, stable)))
            if verdict.finding is not Finding.NOTHING_AGAINST:
                blamed += 1
                break
    assert blamed <= 3, f"{blamed} of 150, of whom at most 1 % may be"
