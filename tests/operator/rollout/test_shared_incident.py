"""An incident that both revisions share is held, and none of it is held against the canary afterwards."""

from __future__ import annotations

import math

import pytest

from paddle_operator.rollout.gate.judge import judge
from paddle_operator.rollout.verdict import Finding
from tests.operator.rollout.gates import gate, judged, look, pair

CLEAN = look(pair((15, 0), (285, 1)))
SHARED = look(pair((15, 4), (285, 80)))


def test_it_goes_on_a_minute_after_the_incident_with_its_step_begun_anew() -> None:
    memory, verdict = judged(gate(), [*[CLEAN] * 3, *[SHARED] * 40])
    assert verdict.finding is Finding.SHARED_INCIDENT
    findings = []
    for _ in range(4):
        memory, verdict = judge(gate(), memory, CLEAN)
        findings.append(verdict.finding)
    assert findings[0] is Finding.SHARED_INCIDENT, "one good look is not yet the end of it"
    assert findings[-1] is Finding.NOTHING_AGAINST
    assert verdict.objectives[0].canary_bad == 160, "told, though not held against it"
    _, verdict = judged(gate(), [CLEAN] * 4, memory)
    assert verdict.step_passes


def test_a_proof_that_was_begun_before_is_gone_on_with() -> None:
    memory, before = judged(gate(), [CLEAN] * 8)
    memory, incident = judged(gate(), [SHARED] * 20, memory)
    spoiled = incident.objectives[0].proof
    assert spoiled < before.objectives[0].proof, "until it was found, the incident counted"
    memory, longer = judged(gate(), [SHARED] * 20, memory)
    assert longer.objectives[0].proof == spoiled
    _, verdict = judged(gate(), [CLEAN] * 80, memory)
    assert verdict.proven


def test_a_canary_that_stays_broken_when_the_stable_one_recovers_is_rolled_back() -> None:
    memory, verdict = judged(gate(), [SHARED] * 10)
    assert verdict.finding is Finding.SHARED_INCIDENT
    _, verdict = judged(gate(), [look(pair((15, 4), (285, 1)))] * 6, memory)
    assert verdict.finding is Finding.BROKEN


def test_in_an_incident_a_canary_that_is_worse_still_is_rolled_back() -> None:
    memory, _ = judged(gate(), [SHARED] * 10)
    _, verdict = judged(gate(), [look(pair((15, 12), (285, 80)))] * 7, memory)
    assert verdict.finding is Finding.BROKEN


def test_a_canary_that_repairs_what_the_stable_one_breaks_goes_on_and_is_proven() -> None:
    _, verdict = judged(gate(), [look(pair((15, 0), (285, 60)))] * 20)
    assert verdict.finding is Finding.NOTHING_AGAINST
    assert verdict.step_passes
    assert verdict.proven


def test_beside_a_stable_revision_in_order_evidence_against_a_canary_goes_on() -> None:
    """Found against the promise before it is found worse, it is not forgiven: the other one is fine."""
    slightly = look(pair((30, 1), (270, 2)))
    seen, memory = [], None
    for _ in range(60):
        memory, verdict = judged(gate(), [slightly], memory)
        assert not memory.trails["o0"].shared
        seen.append(verdict.finding)
    assert Finding.BROKEN in seen


def test_a_comparison_counts_the_less_the_more_the_stable_one_is_in_doubt() -> None:
    objective = gate().objectives[0]
    memory, _ = judged(gate(), [CLEAN])
    assert gate().log_discount(memory.trails["o0"].trouble.log_doubt(objective)) == 0
    memory, _ = judged(gate(), [look(pair((15, 0), (285, 7)))])
    doubt = memory.trails["o0"].trouble.log_doubt(objective)
    assert 0 < gate().log_discount(doubt) < gate().log_discount(math.inf) == pytest.approx(math.log(100))


def test_what_an_incident_has_given_away_is_not_found_again_when_it_is_over() -> None:
    """By chance the canary has more of an incident than its part: not enough in it, nor afterwards."""
    unlucky = look(pair((15, 8), (285, 80)))
    memory, verdict = judged(gate(), [SHARED] * 4)
    while verdict.objectives[0].relative < 30:
        memory, verdict = judged(gate(), [unlucky], memory)
        assert verdict.finding is Finding.SHARED_INCIDENT
    _, over = judged(gate(), [CLEAN] * 6, memory)
    assert over.finding is Finding.NOTHING_AGAINST


ALONE = look(pair((300, 90), (0, 0)), alone=True)
"""No pod of the stable revision is ready, and the canary has all requests."""


def test_an_incident_is_not_shared_with_a_stable_revision_that_is_not_there() -> None:
    memory, _ = judged(gate(), [CLEAN] * 20)
    _, verdict = judge(gate(), memory, ALONE)
    assert verdict.finding is Finding.BROKEN
    evidence = verdict.objectives[0]
    assert evidence.relative < 100, "nothing says that it is worse"
    assert not evidence.compared


def test_one_that_was_asked_by_chance_alone_may_share_it() -> None:
    memory, _ = judged(gate(), [CLEAN] * 20)
    _, verdict = judge(gate(), memory, look(pair((300, 90), (0, 0))))
    assert verdict.finding is Finding.SHARED_INCIDENT


def test_what_both_shared_is_not_laid_at_the_door_of_who_is_left() -> None:
    memory, verdict = judged(gate(), [SHARED] * 10)
    _, alone = judged(gate(), [look(pair((300, 3), (0, 0)), alone=True)] * 20, memory)
    assert verdict.finding is alone.finding is Finding.SHARED_INCIDENT


def test_what_it_did_alone_before_an_incident_was_over_is_forgiven_with_the_rest() -> None:
    memory, _ = judged(gate(), [*[SHARED] * 10, look(pair((8, 1), (0, 0)), alone=True)])
    assert memory.trails["o0"].alone.requests == 8
    memory, verdict = judged(gate(), [CLEAN] * 4, memory)
    assert verdict.finding is Finding.NOTHING_AGAINST
    assert memory.trails["o0"].alone.requests == 0
