"""The bounds of the canary gate, on few rollouts of some cells. All of them: make test-long."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from paddle_operator.simulation import own
from paddle_operator.simulation.table import TARGETS, Cell, row
from paddle_operator.simulation.world import SCENARIOS, Ending, World
from tests.operator.simulation.bounds import GATE, broken_bounds

RESULT = Path(__file__).resolve().parents[3] / "benchmarks" / "results" / "gate.json"
CELLS = [
    ("healthy", "99", 20, 100),
    ("healthy", "99.5", 20, 100),
    ("healthy", "99.9", 20, 40),
    ("healthy", "99", 2, 40),
    ("at-budget", "99", 20, 20),
    *[("broken", target, 20, 200) for target in TARGETS],
    ("bad", "99", 20, 50),
    ("late", "99.9", 20, 100),
    ("shared", "99", 20, 25),
    ("shared", "99.9", 2, 10),
]


@pytest.mark.parametrize(("scenario", "target", "rate", "rollouts"), CELLS)
def test_the_bounds_hold(scenario: str, target: str, rate: int, rollouts: int) -> None:
    found = row(Cell(scenario, target, rate, GATE), rollouts, seed=7)
    assert list(broken_bounds([found])) == []


def test_the_bounds_can_be_broken() -> None:
    """By a rule that rolls back whatever fails: the check itself is checked."""
    strict = row(Cell("healthy", "99", 20, "flagger-10s"), 100, seed=7)
    shared = row(Cell("shared", "99", 20, "ome"), 20, seed=7)
    slow = row(Cell("broken", "99", 20, "ome"), 20, seed=7)
    for one in (strict, shared, slow):
        assert len(list(broken_bounds([{**one, "rule": GATE}]))) == 1


def of_shared(*rolled_back: int) -> list[dict[str, Any]]:
    cell = {"rule": GATE, "scenario": "shared", "targetPercent": "99", "requestsPerSecond": 2}
    return [{**cell, "rollouts": 1000, "promoted": 0, "rolledBack": one} for one in rolled_back]


@pytest.mark.parametrize(
    ("rolled_back", "broken"),
    [
        ((0, 0, 1, 0, 0, 0, 1, 0, 0), 0),
        ((1, 0, 1, 0, 2, 0, 1, 0, 0), 0),
        ((1, 0, 1, 1, 2, 0, 1, 0, 0), 1),
        ((0, 0, 0, 0, 3, 0, 0, 0, 0), 1),
        ((2,), 0),
        ((3,), 1),
    ],
)
def test_an_incident_that_both_share_is_held_against_next_to_no_canary(
    rolled_back: tuple[int, ...], broken: int
) -> None:
    assert len(list(broken_bounds(of_shared(*rolled_back)))) == broken


def test_the_bounds_hold_for_what_is_stored() -> None:
    assert list(broken_bounds(json.loads(RESULT.read_text(encoding="utf-8"))["cells"])) == []


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_stored_is_what_the_gate_of_now_does(target: str) -> None:
    """The same seed finds the same: of the thousand rollouts that are over soonest."""
    stored = json.loads(RESULT.read_text(encoding="utf-8"))["cells"]
    found = row(Cell("broken", target, 20, GATE), 1000, seed=1)
    assert found in stored


@pytest.mark.parametrize(
    ("target", "rate", "number"),
    [("99.5", 2, 684), ("99.5", 2, 721), ("99.5", 20, 520), ("99.9", 2, 603), ("99.9", 2, 882)],
)
def test_what_both_did_is_not_laid_at_the_door_of_the_canary_that_had_the_worst_luck(
    target: str, rate: int, number: int
) -> None:
    """Of 9,000 simulated incidents those in which it speaks loudest, beside a stable revision in doubt."""
    random = Random(f"1/shared/{target}/{rate}/{number}")
    world = World(SCENARIOS["shared"], rate, 1 - Fraction(target) / 100, random)
    assert own.rollout(world).ending is not Ending.ROLLED_BACK


def test_healthy_canaries_are_promoted_and_an_incident_is_sat_out() -> None:
    healthy = row(Cell("healthy", "99", 20, GATE), 30, seed=7)
    assert healthy["promoted"] == 30
    assert healthy["medianMinutes"] == 6
    shared = row(Cell("shared", "99", 200, GATE), 20, seed=7)
    assert shared["promoted"] == 20
    assert 17 < shared["medianMinutes"] < 25


def test_a_cell_is_the_same_whatever_else_is_simulated() -> None:
    cell = Cell("bad", "99", 20, GATE)
    assert row(cell, 5, seed=3) == row(cell, 5, seed=3) != row(cell, 5, seed=4)
